-- Every slot that has not ended yet and where it is.
create or replace view monitor.live_slots
with (security_invoker = on)
as
select j.dispatch_id, t.trader_id, j.account_id, 'ready' as place, j.id as job_id, j.attempt
from candlewatch.ready as j
cross join lateral unnest(j.trader_ids) as t (trader_id)
union all
select j.dispatch_id, t.trader_id, j.account_id, 'leased', j.id, j.attempt
from candlewatch.leased as j
cross join lateral unnest(j.trader_ids) as t (trader_id)
union all
select j.dispatch_id, t.trader_id, j.account_id, 'retried', j.id, j.attempt
from candlewatch.retries as j
cross join lateral unnest(j.trader_ids) as t (trader_id);
comment on view monitor.live_slots is
  'Every slot (trader x candle) that has not ended yet, and where it is.';
