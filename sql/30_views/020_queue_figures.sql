-- What the queue holds, as figures: jobs, slots, leases and tasks, and how old the oldest waiting
-- candle is. No figure tells of one tenant.
create or replace view monitor.queue_figures
with (security_invoker = on)
as
with waiting as (
  select r.dispatch_id, count(*) as jobs, sum(cardinality(r.trader_ids)) as slots
  from candlewatch.ready as r
  group by r.dispatch_id
  union all
  select e.dispatch_id, 0, 0 from candlewatch.enqueues as e
),
figure (name, labels, value) as (
  select 'ready_jobs', jsonb '{}', coalesce(sum(w.jobs), 0)::float8 from waiting as w
  union all
  select 'ready_slots', '{}', coalesce(sum(w.slots), 0) from waiting as w
  union all
  select 'oldest_ready_age_seconds', '{}',
    coalesce(extract(epoch from candlewatch.market_now() - min(d.closes_at)), 0)
  from waiting as w
  join candlewatch.dispatches as d on d.id = w.dispatch_id
  union all
  select 'dispatches_to_enqueue', '{}', count(*) from candlewatch.enqueues
  union all
  select 'retried_jobs', '{}', count(*) from candlewatch.retries
  union all
  select 'leased_jobs', '{}', coalesce(sum(l.job_count), 0) from candlewatch.leases as l
  union all
  select 'leases', jsonb_build_object('state', s.state),
    count(l.token) filter (where (l.lease_until > candlewatch.lease_clock()) = (s.state = 'live'))
  from unnest(array['live', 'lapsed']) as s (state)
  left join candlewatch.leases as l on true
  group by s.state
  union all
  select 'tasks', jsonb_build_object('kind', t.kind, 'state', t.state), count(*)
  from candlewatch.tasks as t
  where t.state in ('ready', 'leased')
  group by t.kind, t.state
)
select f.name, f.labels, f.value from figure as f;
comment on view monitor.queue_figures is
  'Figures of the queue: what waits, what is leased, how old the oldest waiting candle is.';
