-- Invariant 14 and the counters behind it: caps hold, and every counter equals what it counts.
create or replace view monitor.broken_counts
with (security_invoker = on)
as
select 'a tenant is within its cap' as invariant, 'account ' || t.account_id as subject,
  format('%s jobs leased, the cap is %s', t.leased_count, t.concurrency_limit) as detail
from candlewatch.seats as t
cross join candlewatch.settings as s
-- Jobs of a lapsed lease wait for the next tick and run nowhere; a lowered cap lets leases end.
where t.leased_count > t.concurrency_limit
  and t.concurrency_limit < (
    select count(*)
    from candlewatch.leased as l
    join candlewatch.leases as h on h.token = l.token
    where l.account_id = t.account_id and h.lease_until > candlewatch.lease_clock()
  )
  and (
    t.lowered_at is null
    or t.lowered_at < candlewatch.lease_clock() - make_interval(secs => s.lease_seconds_limit)
  )
union all
select 'a tenant''s counts are right', 'account ' || t.account_id,
  format('counts %s ready from %s and %s leased; there are %s from %s and %s', t.ready_count,
    t.first_tag, t.leased_count, coalesce(r.jobs, 0), r.first_tag, coalesce(l.jobs, 0))
from candlewatch.seats as t
left join (
  select r.account_id, count(*) as jobs, min(r.tag) as first_tag
  from candlewatch.ready as r
  group by r.account_id
) as r on r.account_id = t.account_id
left join (
  select l.account_id, count(*) as jobs from candlewatch.leased as l group by l.account_id
) as l on l.account_id = t.account_id
where t.ready_count <> coalesce(r.jobs, 0)
  or t.leased_count <> coalesce(l.jobs, 0)
  or t.first_tag is distinct from r.first_tag
union all
select 'a tenant has one seat', 'account ' || t.account_id, format('there are %s', count(s.account_id))
from candlewatch.tenants as t
left join candlewatch.seats as s on s.account_id = t.account_id
group by t.account_id
having count(s.account_id) <> 1
union all
select 'the global count is right', 'queue_state',
  format('counts %s leased, there are %s', q.leased_count, l.jobs)
from candlewatch.queue_state as q
cross join (select count(*) as jobs from candlewatch.leased as l) as l
where q.leased_count <> l.jobs
union all
select 'signals are counted', 'dispatch ' || d.id,
  format('counts %s signals, there are %s', d.signal_count, g.signals)
from monitor.dispatches as d
cross join lateral (
  select count(*) as signals from public.signals as g where g.dispatch_id = d.id
) as g
where d.created_at > candlewatch.now() - interval '15 minutes' and g.signals > d.signal_count;
comment on view monitor.broken_counts is
  'Violations of caps and counters. Empty is right.';
