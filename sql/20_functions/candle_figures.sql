-- Close, change against the candle before in percent, volume and frame revision of one candle, from
-- the packed frames; null where a number is not known. One row, always.
create or replace function candlewatch.candle_figures(
  p_timeframe text,
  p_open_time timestamptz,
  p_position integer,
  out price float8,
  out change_pct float8,
  out volume float8,
  out revision integer
)
returns record
language sql
stable
set search_path = ''
as $$
  select c.close, 100 * (c.close - nullif(p.close, 0)) / nullif(p.close, 0), c.volume,
    coalesce(f.revision, 0)
  from (select) as one
  left join candlewatch.frames as f
    on f.timeframe = p_timeframe and f.open_time = p_open_time
  left join candlewatch.frames as b
    on b.timeframe = p_timeframe
    and b.open_time = p_open_time - candlewatch.candle_length(p_timeframe)
  cross join lateral (
    select
      nullif(candlewatch.float8_of_word(candlewatch.word_at(f.packed, 3, p_position)), 'NaN'),
      nullif(candlewatch.float8_of_word(candlewatch.word_at(f.packed, 4, p_position)), 'NaN')
  ) as c (close, volume)
  cross join lateral (
    select nullif(candlewatch.float8_of_word(candlewatch.word_at(b.packed, 3, p_position)), 'NaN')
  ) as p (close)
$$;
comment on function candlewatch.candle_figures(text, timestamptz, integer) is
  'Close, change, volume and frame revision of one symbol''s candle.';
