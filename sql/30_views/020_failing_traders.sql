-- Running traders that fail in a row and will be stopped, with their last reason.
create or replace view monitor.failing_traders
with (security_invoker = on)
as
select s.trader_id, s.account_id, m.failure_count, o.reason, o.ended_at,
  m.failure_count >= c.failures_to_warn as is_warned
from public.trader_states as s
join candlewatch.trader_memory as m on m.trader_id = s.trader_id
cross join candlewatch.settings as c
left join lateral (
  select o.reason, o.ended_at
  from candlewatch.slot_outcomes as o
  where o.trader_id = s.trader_id and o.outcome = 'failed'
  order by o.ended_at desc
  limit 1
) as o on true
where s.state = 'running' and m.failure_count > 0;
comment on view monitor.failing_traders is
  'Running traders whose last slots failed: three in a row warn, five move them to error.';
