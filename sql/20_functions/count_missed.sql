-- Counts the candles between the last dispatched one and this as missed (an outage): a dispatch row
-- each, all of whose slots are expired. Counted for the traders that run now and ran then and do not
-- catch up with that many; at most settings.missed_candles_counted, the newest.
create or replace function candlewatch.count_missed(
  p_timeframe text,
  p_last timestamptz,
  p_candle_at timestamptz
)
returns void
language sql
volatile
set search_path = ''
as $$
  insert into candlewatch.dispatches (
    timeframe, candle_at, closes_at, kind, revision, created_at, superseded_at, enqueued_at,
    due_count, expired_count
  )
  select p_timeframe, m.candle_at, m.candle_at + l.length, 'missed', 0, candlewatch.now(),
    candlewatch.now(), candlewatch.now(), t.traders, t.traders
  from (select candlewatch.candle_length(p_timeframe)) as l (length)
  cross join candlewatch.settings as c
  cross join lateral generate_series(
    greatest(p_last + l.length, p_candle_at - c.missed_candles_counted * l.length),
    p_candle_at - l.length,
    l.length
  ) as m (candle_at)
  cross join lateral (
    select count(*)::integer
    from public.trader_states as s
    join candlewatch.filters as f on f.id = s.filter_id
    join public.traders as w on w.id = s.trader_id
    where s.state = 'running' and f.timeframe = p_timeframe
      and w.catch_up_candles * l.length < p_candle_at - m.candle_at
      and s.changed_at <= m.candle_at + l.length
  ) as t (traders)
  where p_last is not null
  on conflict do nothing
$$;
comment on function candlewatch.count_missed(text, timestamptz, timestamptz) is
  'Counts the slots of candles that were never published as expired.';
