-- The runs of the last hours, newest first.
create or replace view monitor.recent_runs
with (security_invoker = on)
as
select r.id, r.function_name, r.worker, r.cold, r.started_at, r.ended_at - r.started_at as took,
  r.outcome, r.counts
from candlewatch.runs as r
order by r.id desc
limit 1000;
comment on view monitor.recent_runs is 'Runs of functions, newest first: how long, how they ended.';
