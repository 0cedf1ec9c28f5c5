-- Traders that their account's tier does not allow to run, each with the sentence that its owner
-- reads.
create view candlewatch.traders_beyond_tier
with (security_invoker = true) as
select
  t.id as trader_id,
  t.account_id,
  case
    when f.length_ms < s.length_ms then format(
      'over_quota: the %s tier evaluates every %s at most (shortest_timeframe), not every %s',
      r.name, s.name, f.name
    )
    else format(
      'over_quota: the %s tier watches at most %s symbols with a trader (symbols_limit), not %s',
      r.name, r.symbols_limit, w.wanted
    )
  end as reason
from public.traders as t
join public.accounts as a on a.id = t.account_id
join public.tiers as r on r.name = a.tier
join candlewatch.timeframes as f on f.name = t.timeframe
join candlewatch.timeframes as s on s.name = r.shortest_timeframe
cross join lateral (
  select coalesce(
    (t.universe ->> 'top')::bigint,
    jsonb_array_length(t.universe -> 'symbols')::bigint,
    0
  ) as wanted
) as w
where f.length_ms < s.length_ms or w.wanted > r.symbols_limit;

comment on view candlewatch.traders_beyond_tier is
  'Traders that their tier does not allow to run (timeframe, symbols), with the reason.';
