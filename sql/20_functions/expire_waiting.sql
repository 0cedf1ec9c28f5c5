-- Expires up to p_limit waiting jobs of superseded dispatches, ready or to be retried, or moves them
-- to those that are caught up with; a dispatch leaves the list when it has none left. Locks the
-- dispatch's row of expiries (skipped when another has it), the traders' states and the tenants.
-- Returns the slots.
create or replace function candlewatch.expire_waiting(p_limit integer)
returns integer
language plpgsql
set search_path = ''
as $$
declare
  v_dispatch bigint;
  v_slots candlewatch.verdict[];
begin
  select e.dispatch_id into v_dispatch
  from candlewatch.expiries as e
  order by e.dispatch_id
  limit 1
  for update skip locked;
  if not found then
    return 0;
  end if;
  v_slots := candlewatch.waiting_slots(v_dispatch, p_limit);
  if v_slots is null then
    delete from candlewatch.expiries as e
    where e.dispatch_id = v_dispatch
      and not exists (select from candlewatch.enqueues as q where q.dispatch_id = v_dispatch);
    return 0;
  end if;
  perform candlewatch.lock_tenants(array(select distinct s.account_id from unnest(v_slots) as s));
  v_slots := candlewatch.remove_waiting(v_slots);
  perform candlewatch.end_slots(candlewatch.move_to_catch_up(v_slots));
  return coalesce(cardinality(v_slots), 0);
end
$$;
comment on function candlewatch.expire_waiting(integer) is
  'Expires waiting jobs of superseded dispatches, bounded.';
