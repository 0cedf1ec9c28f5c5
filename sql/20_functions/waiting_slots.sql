-- The slots of up to p_limit jobs of a superseded dispatch that are ready or wait for a retry,
-- each with its share of its job's cost.
create or replace function candlewatch.waiting_slots(
  p_dispatch bigint,
  p_limit integer
)
returns candlewatch.verdict[]
language sql
stable
set search_path = ''
as $$
  select array_agg(row(
    j.id, j.account_id, j.dispatch_id, t, null, j.tag, j.attempt, j.lapses,
    j.cost / cardinality(j.trader_ids),
    'expired', 'a newer candle closed before this one was evaluated'
  )::candlewatch.verdict)
  from (
    select r.id, r.account_id, r.dispatch_id, r.tag, r.attempt, r.lapses, r.cost, r.trader_ids
    from candlewatch.ready as r
    where r.dispatch_id = p_dispatch
    union all
    select r.id, r.account_id, r.dispatch_id, r.tag, r.attempt, r.lapses, r.cost, r.trader_ids
    from candlewatch.retries as r
    where r.dispatch_id = p_dispatch
    limit p_limit
  ) as j
  cross join lateral unnest(j.trader_ids) as t
$$;
comment on function candlewatch.waiting_slots(bigint, integer) is
  'Slots of a superseded dispatch that still wait.';
