-- What became of the candles of the last hour, as figures: slots by outcome, signals, how long
-- after the close a signal was there; how old the newest candles are; what the sources allow. Both
-- clocks are compared, because a replay's market has a time of its own.
create or replace view monitor.market_figures
with (security_invoker = on)
as
with dispatch as (
  select d.*
  from monitor.dispatches as d
  where d.closes_at > candlewatch.market_now() - interval '1 hour'
),
latency as (
  select extract(epoch from
    g.created_at - d.closes_at - (candlewatch.now() - candlewatch.market_now())) as seconds
  from dispatch as d
  join public.signals as g on g.dispatch_id = d.id
  where d.kind = 'scheduled'
    and g.candle_at > candlewatch.market_now() - interval '1 hour'
      - candlewatch.candle_length(d.timeframe)
),
figure (name, labels, value) as (
  select 'slots_last_hour', jsonb_build_object('outcome', o.outcome), coalesce(sum(o.slots), 0)::float8
  from (select sum(d.done_count) as done, sum(d.skipped_count) as skipped,
    sum(d.failed_count) as failed, sum(d.expired_count) as expired from dispatch as d) as d
  cross join lateral (values
    ('done', d.done), ('skipped', d.skipped), ('failed', d.failed), ('expired', d.expired)
  ) as o (outcome, slots)
  group by o.outcome
  union all
  select 'slots_due_last_hour', '{}', coalesce(sum(d.due_count), 0) from dispatch as d
  union all
  select 'signals_last_hour', '{}', coalesce(sum(d.signal_count), 0) from dispatch as d
  union all
  select 'suppressed_last_hour', '{}', coalesce(sum(d.suppressed_count), 0) from dispatch as d
  union all
  select 'close_to_signal_seconds', jsonb_build_object('quantile', q.quantile::text),
    q.seconds
  from (
    select percentile_cont(array[0.5, 0.99, 1]) within group (order by l.seconds) as seconds
    from latency as l
  ) as p
  cross join lateral unnest(array[0.5, 0.99, 1], p.seconds) as q (quantile, seconds)
  where p.seconds is not null
  union all
  select 'newest_candle_age_seconds', jsonb_build_object('timeframe', t.name),
    extract(epoch from candlewatch.market_now() - n.open_time) - t.length_ms / 1000.0
  from candlewatch.timeframes as t
  cross join lateral (
    select x.open_time from candlewatch.frames as x
    where x.timeframe = t.name order by x.open_time desc limit 1
  ) as n
  union all
  select w.name, jsonb_build_object('source', e.source), w.value
  from monitor.exchange as e
  cross join lateral (values
    ('exchange_weight_used', e.weight_used), ('exchange_weight_limit', e.weight_limit),
    ('exchange_open', (e.state = 'open')::integer)
  ) as w (name, value)
)
select f.name, f.labels, f.value from figure as f;
comment on view monitor.market_figures is
  'Figures of the last hour: slots by outcome, signals, close to signal; candles and sources.';
