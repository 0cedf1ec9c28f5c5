-- Invariants 5 to 7: one live lease for a job, no completion after the end of its lease, attempts
-- bounded.
create or replace view monitor.broken_leases
with (security_invoker = on)
as
with held as materialized (
  select j.job_id, g.token, g.granted_at, least(g.lease_until, g.ended_at) as held_until
  from candlewatch.lease_log as g
  cross join lateral unnest(g.job_ids) as j (job_id)
  where g.ended_at > candlewatch.lease_clock() - interval '15 minutes'
  union all
  select j.id, l.token, l.granted_at, 'infinity'
  from candlewatch.leased as j
  join candlewatch.leases as l on l.token = j.token
)
select 'a job has one live lease' as invariant, 'job ' || h.job_id as subject,
  format('token %s was granted at %s, another held it until %s', h.token, h.granted_at, h.before)
    as detail
from (
  select h.*, max(h.held_until) over (
    partition by h.job_id order by h.granted_at, h.held_until
    rows between unbounded preceding and 1 preceding
  ) as before
  from held as h
) as h
where h.before > h.granted_at
union all
select 'a stale token changes nothing', 'token ' || g.token,
  format('completed at %s, the lease was over at %s', g.ended_at, g.lease_until)
from candlewatch.lease_log as g
where g.outcome = 'completed' and g.ended_at > g.lease_until
union all
select 'attempts are bounded', 'job ' || j.id, format('attempt %s', j.attempt)
from candlewatch.leased as j
cross join candlewatch.settings as s
where j.attempt > s.attempts_limit
union all
select 'a lease has its jobs', 'token ' || coalesce(l.token, j.token),
  format('%s jobs in the lease, %s leased', coalesce(l.job_count, 0), coalesce(j.jobs, 0))
from candlewatch.leases as l
full join (
  select j.token, count(*) as jobs from candlewatch.leased as j group by j.token
) as j on j.token = l.token
where coalesce(l.job_count, 0) <> coalesce(j.jobs, 0);
comment on view monitor.broken_leases is
  'Violations of leases and fencing: overlaps, late completions, lost jobs. Empty is right.';
