-- Turns the next p_limit slots of a dispatch into jobs: one chunk, one transaction, resumed where
-- the last one ended. Slots that come too late expire instead, or move to those that are caught up
-- with. Tags are start-time fair
-- queueing: max(tag served, last tag of the tenant) + cost / weight. Locks the dispatch's row of
-- enqueues (skipped when another has it), then the tenants. Returns the slots; 0 when nothing is
-- left.
create or replace function candlewatch.enqueue_slots(
  p_dispatch bigint,
  p_limit integer
)
returns integer
language plpgsql
set search_path = ''
as $$
declare
  v_enqueue candlewatch.enqueues;
  v_slots candlewatch.verdict[];
  v_late candlewatch.verdict[];
begin
  select e.* into v_enqueue
  from candlewatch.enqueues as e
  where e.dispatch_id = p_dispatch
  for update skip locked;
  if not found then
    return 0;
  end if;
  v_slots := candlewatch.next_slots(v_enqueue, p_limit);
  if v_slots is null then
    delete from candlewatch.enqueues as e where e.dispatch_id = p_dispatch;
    update candlewatch.dispatches as d
    set enqueued_at = candlewatch.now()
    where d.id = p_dispatch;
    return 0;
  end if;
  update candlewatch.enqueues as e
  set after_account_id = (v_slots[cardinality(v_slots)]).account_id,
    after_trader_id = (v_slots[cardinality(v_slots)]).trader_id
  where e.dispatch_id = p_dispatch;
  insert into candlewatch.tallies (dispatch_id, due_count)
  values (p_dispatch, cardinality(v_slots));

  v_late := array(select s from unnest(v_slots) as s where s.outcome is not null);
  if cardinality(v_late) > 0 then
    perform candlewatch.end_slots(candlewatch.move_to_catch_up(v_late));
  end if;
  if cardinality(v_late) < cardinality(v_slots) then
    perform candlewatch.add_jobs(array(
      select s from unnest(v_slots) as s where s.outcome is null
    ));
  end if;
  return cardinality(v_slots);
end
$$;
comment on function candlewatch.enqueue_slots(bigint, integer) is
  'Turns the next slots of a dispatch into jobs, one bounded chunk.';
