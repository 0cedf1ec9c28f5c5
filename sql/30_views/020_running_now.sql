-- The functions that run and the leases that they hold.
create or replace view monitor.running_now
with (security_invoker = on)
as
select r.function_name, r.worker, r.cold, r.started_at,
  candlewatch.lease_clock() - r.started_at as running_for, l.jobs, l.lease_until
from candlewatch.runs as r
left join (
  select l.worker, sum(l.job_count) as jobs, max(l.lease_until) as lease_until
  from candlewatch.leases as l
  group by l.worker
) as l on l.worker = r.worker
where r.ended_at is null;
comment on view monitor.running_now is 'Functions that run now, and the jobs that they hold.';
