-- Refuses (CW002) a frame that is none: an unknown timeframe, an open time off the boundaries, a
-- candle that is not closed by the market's clock, or bytes that are no six fields of doubles for
-- known positions.
create or replace function candlewatch.require_frame(
  p_timeframe text,
  p_open_time timestamptz,
  p_packed bytea
)
returns void
language plpgsql
set search_path = ''
as $$
declare
  v_positions integer;
begin
  if candlewatch.candle_start(p_timeframe, p_open_time) is distinct from p_open_time then
    perform candlewatch.refuse('CW002',
      format('%s is no open time of a %s candle', p_open_time, p_timeframe),
      'send candles by their aligned open times, in UTC');
  end if;
  if p_open_time + candlewatch.candle_length(p_timeframe) > candlewatch.market_now() then
    perform candlewatch.refuse('CW002',
      format('the %s candle of %s is not closed', p_timeframe, p_open_time),
      'send closed candles only');
  end if;
  select coalesce(max(s.position), -1) + 1 into v_positions from public.symbols as s;
  if p_packed is null or octet_length(p_packed) % 48 <> 0
    or octet_length(p_packed) / 48 > v_positions
  then
    perform candlewatch.refuse('CW002',
      format('a frame has 48 bytes for each of at most %s positions, got %s', v_positions,
        octet_length(p_packed)),
      'pack six float64 fields by position; store new symbols first');
  end if;
end
$$;
comment on function candlewatch.require_frame(text, timestamptz, bytea) is
  'Refuses what is no frame of a closed candle.';
