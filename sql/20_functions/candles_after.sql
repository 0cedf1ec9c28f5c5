-- How many candles of a timeframe have been dispatched or missed after this one.
create or replace function candlewatch.candles_after(
  p_timeframe text,
  p_candle_at timestamptz
)
returns integer
language sql
stable
set search_path = ''
as $$
  select coalesce(
    extract(epoch from max(d.candle_at) - p_candle_at)
      / extract(epoch from candlewatch.candle_length(p_timeframe)), 0
  )::integer
  from candlewatch.dispatches as d
  where d.timeframe = p_timeframe and d.kind <> 'manual'
    and d.closes_at > p_candle_at + candlewatch.candle_length(p_timeframe)
$$;
comment on function candlewatch.candles_after(text, timestamptz) is
  'How many newer candles of a timeframe there are.';
