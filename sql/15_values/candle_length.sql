-- The length of a candle of this timeframe; null for a name that does not exist.
create or replace function candlewatch.candle_length(p_timeframe text)
returns interval
language sql
stable
begin atomic
  select pg_catalog.make_interval(secs => (t.length_ms / 1000)::float8)
  from candlewatch.timeframes as t
  where t.name = p_timeframe;
end;
comment on function candlewatch.candle_length(text) is 'The length of a candle of this timeframe.';
