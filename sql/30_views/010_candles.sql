-- The packed frames as rows, for people: one per symbol and closed candle whose close is known.
-- Filter by timeframe, symbol and open_time; a filter on the symbol reads only its bytes of each
-- frame.
create or replace view public.candles
with (security_invoker = on)
as
select
  f.timeframe,
  s.symbol,
  f.open_time,
  f.open_time + t.length_ms * interval '1 millisecond' as close_time,
  candlewatch.float8_of_word(w.open) as open,
  candlewatch.float8_of_word(w.high) as high,
  candlewatch.float8_of_word(w.low) as low,
  candlewatch.float8_of_word(w.close) as close,
  candlewatch.float8_of_word(w.volume) as volume,
  candlewatch.float8_of_word(w.quote_volume) as quote_volume,
  f.revision
from candlewatch.frames as f
join candlewatch.timeframes as t on t.name = f.timeframe
cross join public.symbols as s
cross join lateral (
  select
    candlewatch.word_at(f.packed, 0, s.position) as open,
    candlewatch.word_at(f.packed, 1, s.position) as high,
    candlewatch.word_at(f.packed, 2, s.position) as low,
    candlewatch.word_at(f.packed, 3, s.position) as close,
    candlewatch.word_at(f.packed, 4, s.position) as volume,
    candlewatch.word_at(f.packed, 5, s.position) as quote_volume
  offset 0
) as w
where w.close & 9218868437227405312 <> 9218868437227405312;
comment on view public.candles is
  'Closed candles as rows: filter by timeframe, symbol and open_time. What is not known has no row.';
