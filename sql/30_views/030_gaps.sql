-- What the stored history lacks, a row for each open time: frames that are missing between the
-- oldest and the newest, candles that the hourly repair still asks for, and candles that the
-- exchange was asked for and does not have.
create or replace view monitor.gaps
with (security_invoker = on)
as
select m.timeframe, m.open_time, 'no frame: planned again within the hour' as state,
  null::integer as candles, array[]::text[] as symbols
from (
  select h.timeframe, candlewatch.missing_frames(h.timeframe, h.oldest, h.newest) as open_time
  from monitor.history as h
) as m
union all
select f.timeframe, f.open_time,
  case
    when f.unknown_count > 0 then 'unknown: asked for again every hour'
    else 'absent: the exchange does not have them'
  end,
  f.unknown_count + f.absent_count,
  array(
    select s.symbol
    from public.symbols as s
    where s.trading
      and candlewatch.word_at(f.packed, 3, s.position) & 9218868437227405312 = 9218868437227405312
    order by s.position
    limit 20
  )
from candlewatch.frames as f
where f.unknown_count > 0 or f.absent_count > 0;
comment on view monitor.gaps is
  'What the history lacks by open time: missing frames, unknown and absent candles, and whose.';
