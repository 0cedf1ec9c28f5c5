-- What the API says of a trader: the wish, the fact with its reason, what is known of its filter,
-- with all problems of a refused one, and of its universe, with the names that are not listed. A
-- sentence warns when slots failed lately.
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
    'warning', case when s.state = 'running' and m.failure_count >= q.failures_to_warn then format(
      'its last %s candles could not be evaluated; after %s it is put in error',
      m.failure_count, q.failures_to_stop
    ) end,
    'version', s.version,
    'changed_at', s.changed_at,
    'last_candle_at', m.last_candle_at,
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
    ),
    'universe', (
      select jsonb_build_object(
        'symbols', bit_count(u.bits),
        'unknown_symbols', u.unknown_symbols,
        'halted_symbols', array(
          select x.symbol from public.symbols as x
          where u.stated -> 'symbols' ? x.symbol and not x.trading order by x.symbol
        )
      )
      from candlewatch.universes as u
      where u.id = m.universe_id
    )
  )
  from public.traders as t
  join public.trader_states as s on s.trader_id = t.id
  join candlewatch.filters as f on f.id = s.filter_id
  left join candlewatch.trader_memory as m on m.trader_id = t.id
  cross join candlewatch.settings as q
  where t.id = p_trader
$$;

comment on function candlewatch.describe_trader(uuid) is
  'What the API says of a trader: wish, state, reason, version and its filter.';
