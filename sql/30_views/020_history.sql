-- What is stored of each timeframe.
create or replace view monitor.history
with (security_invoker = on)
as
select f.timeframe, count(*) as frames, min(f.open_time) as oldest, max(f.open_time) as newest,
  sum(f.unknown_count) as unknown_candles, sum(f.absent_count) as absent_candles,
  max(f.revision) as highest_revision, t.kept_count as frames_kept
from candlewatch.frames as f
join candlewatch.timeframes as t on t.name = f.timeframe
group by f.timeframe, t.name;
comment on view monitor.history is
  'Stored frames of each timeframe, how many are kept, and how many candles they lack.';
