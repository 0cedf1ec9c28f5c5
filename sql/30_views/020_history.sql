-- What is stored of each timeframe.
create or replace view monitor.history
with (security_invoker = on)
as
select f.timeframe, count(*) as frames, min(f.open_time) as oldest, max(f.open_time) as newest,
  sum(f.unknown_count) filter (where f.unknown_count > 0) as unknown_candles,
  max(f.revision) as highest_revision
from candlewatch.frames as f
group by f.timeframe;
comment on view monitor.history is
  'Stored frames of each timeframe, and how many candles of trading symbols they do not know.';
