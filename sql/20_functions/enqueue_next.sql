-- Enqueues the next chunk of the newest dispatch that is not enqueued yet and that nobody else
-- enqueues at this moment; dispatches that turn out to be finished leave the list. Returns the
-- slots.
create or replace function candlewatch.enqueue_next(p_limit integer)
returns integer
language plpgsql
set search_path = ''
as $$
declare
  v_dispatch bigint;
  v_slots integer;
begin
  for v_dispatch in
    select e.dispatch_id from candlewatch.enqueues as e order by e.dispatch_id desc limit 20
  loop
    v_slots := candlewatch.enqueue_slots(v_dispatch, p_limit);
    if v_slots > 0 then
      return v_slots;
    end if;
  end loop;
  return 0;
end
$$;
comment on function candlewatch.enqueue_next(integer) is
  'Enqueues the next chunk of the newest open dispatch.';
