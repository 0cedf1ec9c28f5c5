-- Adds backfill tasks for history that traders need and that is not stored: first the newest 500
-- candles of each needed timeframe, then deeper in chunks, the shallower first. A chunk is planned
-- while any frame of it is missing and no task for it is open or was done within the hour. Returns
-- how many were added.
create or replace function candlewatch.plan_history()
returns integer
language sql
volatile
set search_path = ''
as $$
  with wanted as materialized (
    select n.timeframe, c.first_candle, c.last_candle,
      candlewatch.candle_start(n.timeframe, candlewatch.market_now()) as newest,
      candlewatch.candle_length(n.timeframe) as length
    from candlewatch.needed_timeframes() as n
    cross join candlewatch.settings as s
    cross join lateral (
      select 1, s.first_history_candles
      union all
      select g.first, least(g.first + s.history_chunk_candles - 1, s.deep_history_candles)
      from generate_series(
        s.first_history_candles + 1, s.deep_history_candles, s.history_chunk_candles
      ) as g (first)
    ) as c (first_candle, last_candle)
    where exists (select from public.symbols as x where x.trading)
  ),
  missing as (
    select w.timeframe, w.first_candle, min(m.open_time) as since, max(m.open_time) as until
    from wanted as w
    cross join lateral candlewatch.missing_frames(
      w.timeframe, w.newest - w.last_candle * w.length,
      w.newest - greatest(w.first_candle, 2) * w.length
    ) as m (open_time)
    group by w.timeframe, w.first_candle
  )
  select count(candlewatch.add_task(
    'backfill',
    format('%s %s %s %s', m.timeframe, m.since, m.until,
      date_trunc('hour', candlewatch.lease_clock())),
    jsonb_build_object('timeframe', m.timeframe, 'from', m.since, 'to', m.until),
    least(m.first_candle, 30000)
  ))::integer
  from missing as m
  where not exists (
    select from candlewatch.tasks as t
    where t.kind = 'backfill'
      and t.payload ->> 'timeframe' = m.timeframe
      and (t.payload ->> 'from')::timestamptz <= m.until
      and (t.payload ->> 'to')::timestamptz >= m.since
      and (t.ended_at is null or t.ended_at > candlewatch.lease_clock() - interval '1 hour')
  )
$$;
comment on function candlewatch.plan_history() is
  'Adds backfill tasks for history that traders need and that is not stored.';
