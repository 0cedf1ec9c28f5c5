-- Adds a backfill task for the frames of each needed timeframe that do not know candles of trading
-- symbols (they came late, or an answer had a gap), once for such frames' content and hour. What
-- the exchange does not have is marked by then, and not asked for again. Returns how many.
create or replace function candlewatch.plan_repair()
returns integer
language sql
volatile
set search_path = ''
as $$
  select count(candlewatch.add_task(
    'backfill',
    format('repair %s %s %s %s', r.timeframe, r.until, r.revisions,
      date_trunc('hour', candlewatch.market_now(), 'UTC')),
    jsonb_build_object('timeframe', r.timeframe, 'from', r.since, 'to', r.until),
    1000
  ))::integer
  from (
    select f.timeframe, min(f.open_time) as since, max(f.open_time) as until,
      sum(f.revision) as revisions
    from candlewatch.needed_timeframes() as n
    cross join candlewatch.settings as s
    join candlewatch.frames as f
      on f.timeframe = n.timeframe
      and f.unknown_count > 0
      and f.open_time < candlewatch.candle_start(n.timeframe, candlewatch.market_now())
      and f.open_time >= candlewatch.candle_start(n.timeframe, candlewatch.market_now())
        - s.deep_history_candles * candlewatch.candle_length(n.timeframe)
    group by f.timeframe
  ) as r
$$;
comment on function candlewatch.plan_repair() is
  'Adds backfill tasks for new frames that lack candles of trading symbols.';
