-- What the account has of each limit of its tier; a sentence warns from 80 % on.
create or replace function public.usage()
returns jsonb
language sql
stable
set search_path = ''
as $$
  select jsonb_build_object(
    'tier', r.name,
    'traders', jsonb_build_object('used', a.trader_count, 'limit', r.traders_limit),
    'running', jsonb_build_object('used', a.running_count, 'limit', r.running_limit),
    'symbols_per_trader', r.symbols_limit,
    'shortest_timeframe', r.shortest_timeframe,
    'signals_per_candle', r.signals_per_candle,
    'calls_per_minute', r.calls_per_minute,
    'warnings', to_jsonb(array_remove(array[
      case when a.trader_count >= 0.8 * r.traders_limit then format(
        '%s of %s traders are used (traders_limit)', a.trader_count, r.traders_limit
      ) end,
      case when a.running_count >= 0.8 * r.running_limit then format(
        '%s of %s running traders are used (running_limit)', a.running_count, r.running_limit
      ) end
    ], null))
  )
  from public.accounts as a
  join public.tiers as r on r.name = a.tier
  where a.id = candlewatch.default_account()
$$;

comment on function public.usage() is
  'What the account uses of each limit of its tier, with warnings from 80 % on.';
