-- Invariants 1, 9 and 12: the unique key of signals stands, stop is final, candles are closed and
-- aligned.
create or replace view monitor.broken_signals
with (security_invoker = on)
as
select 'a signal exists once' as invariant, 'public.signals' as subject,
  'the key on trader, symbol, timeframe and candle is missing or deferred' as detail
where not exists (
  select from pg_catalog.pg_index as i
  where i.indrelid = 'public.signals'::regclass and i.indisunique and i.indisvalid and i.indimmediate
    and i.indnkeyatts = 4
)
union all
select 'stop is final', 'trader ' || s.trader_id,
  format('%s since %s, a signal at %s', s.state, s.changed_at, g.created_at)
from public.trader_states as s
cross join lateral (
  select g.created_at
  from public.signals as g
  where g.trader_id = s.trader_id
  order by g.candle_at desc
  limit 1
) as g
where s.state in ('stopped', 'error')
  and s.changed_at > candlewatch.now() - interval '15 minutes'
  -- A stop that waited for a completion is as old as its statement, at most the longest statement.
  and g.created_at > s.changed_at + interval '30 seconds'
union all
select 'only closed and aligned candles are dispatched', 'dispatch ' || d.id,
  format('%s candle of %s, made at %s', d.timeframe, d.candle_at, d.created_at)
from candlewatch.dispatches as d
where d.candle_at <> candlewatch.candle_start(d.timeframe, d.candle_at)
  or d.closes_at <> d.candle_at + candlewatch.candle_length(d.timeframe)
union all
select 'a running trader has its memory', 'trader ' || s.trader_id, 'it has no universe'
from public.trader_states as s
where s.state = 'running'
  and not exists (select from candlewatch.trader_memory as m where m.trader_id = s.trader_id);
comment on view monitor.broken_signals is
  'Violations of signals, stops and closed candles. Empty is right.';
