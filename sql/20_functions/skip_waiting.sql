-- Before a tenant goes with its account: the slots of its waiting jobs, which go with it, end as
-- skipped, so that every slot that was due stays accounted for. What is leased is judged when it is
-- completed. Definer: who deletes an account may not write what it writes.
create or replace function candlewatch.skip_waiting()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
  with waiting as materialized (
    select r.dispatch_id, r.attempt, t.trader_id
    from candlewatch.ready as r
    cross join lateral unnest(r.trader_ids) as t (trader_id)
    where r.account_id = old.account_id
    union all
    select r.dispatch_id, r.attempt, t.trader_id
    from candlewatch.retries as r
    cross join lateral unnest(r.trader_ids) as t (trader_id)
    where r.account_id = old.account_id
  ),
  counted as (
    insert into candlewatch.tallies (dispatch_id, skipped_count)
    select w.dispatch_id, count(*) from waiting as w group by w.dispatch_id
  )
  insert into candlewatch.slot_outcomes (
    dispatch_id, trader_id, account_id, outcome, reason, attempt, ended_at
  )
  select w.dispatch_id, w.trader_id, old.account_id, 'skipped', 'the account was deleted', w.attempt,
    candlewatch.lease_clock()
  from waiting as w;
  return old;
end
$$;
comment on function candlewatch.skip_waiting() is
  'Trigger: waiting slots of a deleted account end as skipped.';
