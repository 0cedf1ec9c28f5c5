-- Invariant 14, caps: counters equal the rows that they count, and nobody runs more than his tier
-- allows but for the tick that it takes to stop it. And a trader's state follows its switch.
create or replace view monitor.broken_quotas
with (security_invoker = on)
as
select 'counters equal their rows' as invariant, 'account ' || a.id as subject,
  format('%s traders and %s started counted, but there are %s and %s', a.trader_count,
    a.running_count, coalesce(n.traders, 0), coalesce(n.started, 0)) as detail
from public.accounts as a
left join (
  select t.account_id, count(*) as traders,
    count(*) filter (where s.state <> 'stopped') as started
  from public.traders as t
  left join public.trader_states as s on s.trader_id = t.id
  group by t.account_id
) as n on n.account_id = a.id
where a.trader_count <> coalesce(n.traders, 0) or a.running_count <> coalesce(n.started, 0)
union all
select 'nobody runs more than the tier allows', 'account ' || a.id,
  format('%s started, %s allowed', a.running_count, r.running_limit)
from public.accounts as a
join public.tiers as r on r.name = a.tier
left join candlewatch.quota_reviews as q on q.account_id = a.id
where a.running_count > r.running_limit
  and coalesce(q.asked_at < candlewatch.now() - interval '1 minute', true)
union all
select 'the state follows the switch', 'trader ' || t.id,
  format('enabled is %s and the state is %s', t.enabled, coalesce(s.state, 'missing'))
from public.traders as t
left join public.trader_states as s on s.trader_id = t.id
where s.state is null
  or (not t.enabled and s.state <> 'stopped')
  or (t.enabled and s.state = 'stopped' and s.reason is null);
comment on view monitor.broken_quotas is
  'Counters that do not equal their rows, caps that are exceeded, states that ignore their switch.';
