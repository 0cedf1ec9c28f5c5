-- Open time of the candle of this timeframe that contains the moment: UTC epoch arithmetic, weeks
-- from Monday. A moment on a boundary opens its candle.
create or replace function candlewatch.candle_start(p_timeframe text, p_moment timestamptz)
returns timestamptz
language sql
stable
begin atomic
  select pg_catalog.to_timestamp((
    pg_catalog.floor((extract(epoch from p_moment) * 1000 - t.offset_ms) / t.length_ms)
    * t.length_ms + t.offset_ms
  )::float8 / 1000)
  from candlewatch.timeframes as t
  where t.name = p_timeframe;
end;
comment on function candlewatch.candle_start(text, timestamptz) is
  'Open time of the candle of this timeframe that contains the moment.';
