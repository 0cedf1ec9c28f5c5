-- What the API says of a trader: the wish, the fact with its reason, and what is known of its
-- filter, with all problems of a refused one. A sentence warns when slots failed lately.
create or replace function candlewatch.describe_trader(p_trader uuid)
returns jsonb
language sql
stable
set search_path = ''
as $$
  select jsonb_build_object(
    'id', t.id,
    'name', t.name,
    'enabled', t.enabled,
    'state', s.state,
    'reason', s.reason,
    'warning', case when s.state = 'running' and s.failure_count >= q.failures_to_warn then format(
      'its last %s candles could not be evaluated; after %s it is put in error',
      s.failure_count, q.failures_to_stop
    ) end,
    'version', s.version,
    'changed_at', s.changed_at,
    'last_candle_at', s.last_candle_at,
    'timeframe', t.timeframe,
    'filter', jsonb_build_object(
      'id', f.id,
      'state', f.state,
      'needs', f.needs,
      'lookback', f.lookback,
      'cost', f.cost,
      'symbols', f.symbols,
      'names', f.names,
      'problems', f.problems
    )
  )
  from public.traders as t
  join public.trader_states as s on s.trader_id = t.id
  join candlewatch.filters as f on f.id = s.filter_id
  cross join candlewatch.settings as q
  where t.id = p_trader
$$;

comment on function candlewatch.describe_trader(uuid) is
  'What the API says of a trader: wish, state, reason, version and its filter.';
