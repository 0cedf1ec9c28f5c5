-- Adds a backfill task for each timeframe of which frames are stored: symbols began to trade, and
-- their history before is fetched into the frames that were stored without them. Once for each
-- revision of the list. Returns how many were added.
create or replace function candlewatch.plan_listings(p_revision bigint)
returns integer
language sql
volatile
set search_path = ''
as $$
  select count(candlewatch.add_task(
    'backfill',
    format('listing %s %s', h.timeframe, p_revision),
    jsonb_build_object('timeframe', h.timeframe, 'from', h.since, 'to', h.until),
    800
  ))::integer
  from (
    select f.timeframe, min(f.open_time) as since, max(f.open_time) as until
    from candlewatch.frames as f
    cross join candlewatch.settings as s
    where f.open_time >= candlewatch.candle_start(f.timeframe, candlewatch.market_now())
      - s.deep_history_candles * candlewatch.candle_length(f.timeframe)
    group by f.timeframe
  ) as h
$$;
comment on function candlewatch.plan_listings(bigint) is
  'Adds backfill tasks for the history of symbols that began to trade.';
