-- sql/30_views/010_candles.sql
-- The packed frames as rows, for people: one per symbol and closed candle whose close is known.
-- Filter by timeframe, symbol and open_time; a filter on the symbol reads only its bytes of each
-- frame.
create or replace view public.candles
with (security_invoker = on)
as
select
  f.timeframe,
  s.symbol,
  f.open_time,
  f.open_time + t.length_ms * interval '1 millisecond' as close_time,
  candlewatch.float8_of_word(w.open) as open,
  candlewatch.float8_of_word(w.high) as high,
  candlewatch.float8_of_word(w.low) as low,
  candlewatch.float8_of_word(w.close) as close,
  candlewatch.float8_of_word(w.volume) as volume,
  candlewatch.float8_of_word(w.quote_volume) as quote_volume,
  f.revision
from candlewatch.frames as f
join candlewatch.timeframes as t on t.name = f.timeframe
cross join public.symbols as s
cross join lateral (
  select
    candlewatch.word_at(f.packed, 0, s.position) as open,
    candlewatch.word_at(f.packed, 1, s.position) as high,
    candlewatch.word_at(f.packed, 2, s.position) as low,
    candlewatch.word_at(f.packed, 3, s.position) as close,
    candlewatch.word_at(f.packed, 4, s.position) as volume,
    candlewatch.word_at(f.packed, 5, s.position) as quote_volume
  offset 0
) as w
where w.close & 9218868437227405312 <> 9218868437227405312;
comment on view public.candles is
  'Closed candles as rows: filter by timeframe, symbol and open_time. What is not known has no row.';

-- sql/30_views/010_dispatches.sql
-- Every dispatch with its counts as of now: what the tick has added up and what it has not yet.
create or replace view monitor.dispatches
with (security_invoker = on)
as
select
  d.id, d.timeframe, d.candle_at, d.closes_at, d.kind, d.revision, d.created_at, d.superseded_at,
  d.enqueued_at,
  d.due_count + coalesce(t.due, 0) as due_count,
  d.done_count + coalesce(t.done, 0) as done_count,
  d.skipped_count + coalesce(t.skipped, 0) as skipped_count,
  d.failed_count + coalesce(t.failed, 0) as failed_count,
  d.expired_count + coalesce(t.expired, 0) as expired_count,
  d.signal_count + coalesce(t.signals, 0) as signal_count,
  d.suppressed_count + coalesce(t.suppressed, 0) as suppressed_count
from candlewatch.dispatches as d
left join (
  select t.dispatch_id, sum(t.due_count) as due, sum(t.done_count) as done,
    sum(t.skipped_count) as skipped, sum(t.failed_count) as failed,
    sum(t.expired_count) as expired, sum(t.signal_count) as signals,
    sum(t.suppressed_count) as suppressed
  from candlewatch.tallies as t
  group by t.dispatch_id
) as t on t.dispatch_id = d.id;
comment on view monitor.dispatches is
  'Every dispatch: how many slots were due and how they ended so far.';

-- sql/30_views/010_live_slots.sql
-- Every slot that has not ended yet and where it is.
create or replace view monitor.live_slots
with (security_invoker = on)
as
select j.dispatch_id, t.trader_id, j.account_id, 'ready' as place, j.id as job_id, j.attempt
from candlewatch.ready as j
cross join lateral unnest(j.trader_ids) as t (trader_id)
union all
select j.dispatch_id, t.trader_id, j.account_id, 'leased', j.id, j.attempt
from candlewatch.leased as j
cross join lateral unnest(j.trader_ids) as t (trader_id)
union all
select j.dispatch_id, t.trader_id, j.account_id, 'retried', j.id, j.attempt
from candlewatch.retries as j
cross join lateral unnest(j.trader_ids) as t (trader_id);
comment on view monitor.live_slots is
  'Every slot (trader x candle) that has not ended yet, and where it is.';

-- sql/30_views/020_backlog.sql
-- What waits, in one row: slots, jobs and the oldest candle that is not evaluated.
create or replace view monitor.backlog
with (security_invoker = on)
as
select
  (select count(*) from candlewatch.ready) as ready_jobs,
  (select coalesce(sum(cardinality(j.trader_ids)), 0) from candlewatch.ready as j) as ready_slots,
  (select count(*) from candlewatch.leased) as leased_jobs,
  (select count(*) from candlewatch.leases) as leases,
  (select count(*) from candlewatch.retries) as retries,
  (select count(*) from candlewatch.enqueues) as dispatches_to_enqueue,
  (select count(*) from candlewatch.expiries) as dispatches_to_expire,
  (
    select candlewatch.market_now() - min(d.closes_at)
    from candlewatch.dispatches as d
    where d.id in (select l.dispatch_id from monitor.live_slots as l)
  ) as lateness;
comment on view monitor.backlog is
  'What waits: jobs, slots, leases, retries, and how late the oldest waiting candle is.';

-- sql/30_views/020_broken_accounts.sql
-- Invariant 4, accounting: every due slot is in exactly one place, live or ended, and ends once.
create or replace view monitor.broken_accounts
with (security_invoker = on)
as
select 'slots are accounted for' as invariant, 'dispatch ' || d.id as subject,
  format('%s due, but %s ended and %s live', d.due_count,
    d.done_count + d.skipped_count + d.failed_count + d.expired_count, coalesce(l.slots, 0)) as detail
from monitor.dispatches as d
left join (
  select l.dispatch_id, count(*) as slots from monitor.live_slots as l group by l.dispatch_id
) as l on l.dispatch_id = d.id
where d.due_count <> d.done_count + d.skipped_count + d.failed_count + d.expired_count
  + coalesce(l.slots, 0)
union all
select 'a slot is in one place', format('dispatch %s, trader %s', l.dispatch_id, l.trader_id),
  'it is live in: ' || string_agg(l.place || ' job ' || l.job_id, ', ')
from monitor.live_slots as l
group by l.dispatch_id, l.trader_id
having count(*) > 1
union all
select 'a slot ends once', format('dispatch %s, trader %s', l.dispatch_id, l.trader_id),
  format('it ended as %s and is %s', o.outcome, l.place)
from monitor.live_slots as l
join candlewatch.slot_outcomes as o
  on o.dispatch_id = l.dispatch_id and o.trader_id = l.trader_id
union all
select 'a slot ends once', format('dispatch %s, trader %s', o.dispatch_id, o.trader_id),
  'it ended as: ' || string_agg(o.outcome, ', ')
from candlewatch.slot_outcomes as o
where o.ended_at > candlewatch.lease_clock() - interval '1 hour'
group by o.dispatch_id, o.trader_id
having count(*) > 1;
comment on view monitor.broken_accounts is
  'Violations of accounting: slots that are lost, doubled or ended twice. Empty is right.';

-- sql/30_views/020_broken_candles.sql
-- Derived candles are audited on a sample at each close of a longer timeframe: a run that saw one
-- differ from the exchange's own tells it here for an hour.
create or replace view monitor.broken_candles
with (security_invoker = on)
as
select 'derived candles are the exchange''s own' as invariant, 'run ' || r.id as subject,
  format('%s of %s audited candles differ', r.counts ->> 'ingest_differing',
    r.counts ->> 'ingest_audited') as detail
from candlewatch.runs as r
where r.started_at > candlewatch.lease_clock() - interval '1 hour'
  and r.counts -> 'ingest_differing' > '0';
comment on view monitor.broken_candles is
  'Runs in which derived candles differed from the exchange''s own. Empty is right.';

-- sql/30_views/020_broken_counts.sql
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

-- sql/30_views/020_broken_leases.sql
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

-- sql/30_views/020_broken_quotas.sql
-- Invariant 14, caps: counters equal the rows that they count, and nobody runs more than his tier
-- allows but for the tick that it takes to stop it. And a trader's state follows its switch.
create or replace view monitor.broken_quotas
with (security_invoker = on)
as
select 'counters equal their rows' as invariant, 'account ' || a.id as subject,
  format('%s traders and %s started counted, but there are %s and %s', a.trader_count,
    a.running_count, coalesce(n.traders, 0), coalesce(n.started, 0)) as detail
from public.accounts as a
left join (
  select t.account_id, count(*) as traders,
    count(*) filter (where s.state <> 'stopped') as started
  from public.traders as t
  left join public.trader_states as s on s.trader_id = t.id
  group by t.account_id
) as n on n.account_id = a.id
where a.trader_count <> coalesce(n.traders, 0) or a.running_count <> coalesce(n.started, 0)
union all
select 'nobody runs more than the tier allows', 'account ' || a.id,
  format('%s started, %s allowed', a.running_count, r.running_limit)
from public.accounts as a
join public.tiers as r on r.name = a.tier
left join candlewatch.quota_reviews as q on q.account_id = a.id
where a.running_count > r.running_limit
  and coalesce(q.asked_at < candlewatch.now() - interval '1 minute', true)
union all
select 'the state follows the switch', 'trader ' || t.id,
  format('enabled is %s and the state is %s', t.enabled, coalesce(s.state, 'missing'))
from public.traders as t
left join public.trader_states as s on s.trader_id = t.id
where s.state is null
  or (not t.enabled and s.state <> 'stopped')
  or (t.enabled and s.state = 'stopped' and s.reason is null);
comment on view monitor.broken_quotas is
  'Counters that do not equal their rows, caps that are exceeded, states that ignore their switch.';

-- sql/30_views/020_broken_signals.sql
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

-- sql/30_views/020_due_work.sql
-- What is due, late or stuck, one row each, the worst first.
create or replace view monitor.due_work
with (security_invoker = on)
as
select t.kind as what, t.key as which, t.state, candlewatch.lease_clock() - t.due_at as late_by,
  t.attempt, t.reason
from candlewatch.tasks as t
where t.state in ('ready', 'leased') and t.due_at <= candlewatch.lease_clock()
union all
select 'dispatch', d.timeframe || ' ' || d.candle_at, 'open',
  candlewatch.market_now() - d.closes_at, null,
  format('%s of %s slots ended',
    d.done_count + d.skipped_count + d.failed_count + d.expired_count, d.due_count)
from monitor.dispatches as d
where d.enqueued_at is null
  or d.due_count > d.done_count + d.skipped_count + d.failed_count + d.expired_count
union all
select 'schedule', s.name, case when s.last_at is null then 'never ran' else 'late' end,
  candlewatch.lease_clock() - s.last_at - s.every, null, s.purpose
from candlewatch.schedules as s
where s.enabled
  and (s.last_at is null or s.last_at + 2 * s.every < candlewatch.lease_clock())
order by late_by desc nulls first;
comment on view monitor.due_work is
  'Tasks, dispatches and schedules that are due now, the latest first.';

-- sql/30_views/020_exchange.sql
-- What each source of market data lets us do now.
create or replace view monitor.exchange
with (security_invoker = on)
as
select e.source, e.state, e.retry_at, e.note, e.changed_at, e.weight_limit,
  case when e.minute_at = date_trunc('minute', candlewatch.lease_clock()) then e.weight_used else 0 end
    as weight_used
from candlewatch.exchange_states as e;
comment on view monitor.exchange is
  'Each source of market data: open or refusing us, until when, and the weight used this minute.';

-- sql/30_views/020_failing_traders.sql
-- Running traders that fail in a row and will be stopped, with their last reason.
create or replace view monitor.failing_traders
with (security_invoker = on)
as
select s.trader_id, s.account_id, m.failure_count, o.reason, o.ended_at,
  m.failure_count >= c.failures_to_warn as is_warned
from public.trader_states as s
join candlewatch.trader_memory as m on m.trader_id = s.trader_id
cross join candlewatch.settings as c
left join lateral (
  select o.reason, o.ended_at
  from candlewatch.slot_outcomes as o
  where o.trader_id = s.trader_id and o.outcome = 'failed'
  order by o.ended_at desc
  limit 1
) as o on true
where s.state = 'running' and m.failure_count > 0;
comment on view monitor.failing_traders is
  'Running traders whose last slots failed: three in a row warn, five move them to error.';

-- sql/30_views/020_history.sql
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

-- sql/30_views/020_lateness.sql
-- How long after the close each of the last dispatches was published and enqueued.
create or replace view monitor.lateness
with (security_invoker = on)
as
select d.id, d.timeframe, d.candle_at, d.kind, d.created_at - d.closes_at as published_after,
  d.enqueued_at - d.closes_at as enqueued_after, d.due_count, d.signal_count
from monitor.dispatches as d
where d.closes_at > candlewatch.market_now() - interval '1 day'
order by d.id desc;
comment on view monitor.lateness is
  'How long after the close each dispatch of the last day was published and enqueued.';

-- sql/30_views/020_market_figures.sql
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

-- sql/30_views/020_queue_figures.sql
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

-- sql/30_views/020_recent_runs.sql
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

-- sql/30_views/020_run_figures.sql
-- How functions and schedules run, as figures: wakes, runs of the last hour and how they ended, how
-- long ago each function's last good run and each schedule was, what the reckoning found.
create or replace view monitor.run_figures
with (security_invoker = on)
as
with run as (
  select r.function_name, r.cold, r.started_at, extract(epoch from r.ended_at - r.started_at) as took,
    case
      when r.outcome = 'done' then 'done'
      when r.ended_at is not null then 'failed'
      when r.started_at > candlewatch.lease_clock()
        - make_interval(secs => coalesce(f.run_seconds_limit, 60)) then 'running'
      else 'lost'
    end as outcome
  from candlewatch.runs as r
  left join candlewatch.functions as f on f.name = r.function_name
  where r.started_at > candlewatch.lease_clock() - interval '1 hour'
),
figure (name, labels, value) as (
  select 'wakes', jsonb_build_object('function', f.name), f.woken_count::float8
  from candlewatch.functions as f
  union all
  select 'running', jsonb_build_object('function', f.name), count(r.outcome)
  from candlewatch.functions as f
  left join run as r on r.function_name = f.name and r.outcome = 'running'
  group by f.name
  union all
  select 'runs_last_hour', jsonb_build_object('function', r.function_name, 'outcome', r.outcome),
    count(*)
  from run as r
  where r.outcome <> 'running'
  group by r.function_name, r.outcome
  union all
  select 'cold_runs_last_hour', jsonb_build_object('function', r.function_name),
    count(*) filter (where r.cold)
  from run as r
  group by r.function_name
  union all
  select 'run_seconds', jsonb_build_object('function', p.function_name, 'quantile', q.quantile::text),
    q.seconds
  from (
    select r.function_name,
      percentile_cont(array[0.5, 0.99, 1]) within group (order by r.took) as seconds
    from run as r
    where r.took is not null
    group by r.function_name
  ) as p
  cross join lateral unnest(array[0.5, 0.99, 1], p.seconds) as q (quantile, seconds)
  union all
  select 'last_done_age_seconds', jsonb_build_object('function', f.name),
    extract(epoch from candlewatch.lease_clock() - l.ended_at)
  from candlewatch.functions as f
  cross join lateral (
    select r.ended_at from candlewatch.runs as r
    where r.function_name = f.name and r.outcome = 'done' order by r.started_at desc limit 1
  ) as l
  union all
  select 'schedule_age_seconds', jsonb_build_object('schedule', s.name),
    extract(epoch from candlewatch.lease_clock() - s.last_at)
  from candlewatch.schedules as s
  where s.enabled and s.last_at is not null
  union all
  select 'findings_last_day', '{}', count(*)
  from candlewatch.findings as f
  where f.found_at > candlewatch.lease_clock() - interval '1 day'
)
select f.name, f.labels, f.value from figure as f;
comment on view monitor.run_figures is
  'Figures of functions and schedules: wakes, runs by outcome, ages of the last good ones.';

-- sql/30_views/020_running_now.sql
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

-- sql/30_views/030_figures.sql
-- Every figure of the system, one row each: what the function metrics hands to monitoring.
create or replace view monitor.figures
with (security_invoker = on)
as
select q.name, q.labels, q.value from monitor.queue_figures as q
union all
select m.name, m.labels, m.value from monitor.market_figures as m
union all
select r.name, r.labels, r.value from monitor.run_figures as r;
comment on view monitor.figures is
  'Every figure of the system with its labels; no tenant''s data is among them.';

-- sql/30_views/030_gaps.sql
-- What the stored history lacks, a row for each open time: frames that are missing between the
-- oldest and the newest, candles that the hourly repair still asks for, and candles that the
-- exchange was asked for and does not have.
create or replace view monitor.gaps
with (security_invoker = on)
as
select m.timeframe, m.open_time, 'no frame: planned again within the hour' as state,
  null::integer as candles, array[]::text[] as symbols
from (
  select h.timeframe, candlewatch.missing_frames(h.timeframe, h.oldest, h.newest) as open_time
  from monitor.history as h
) as m
union all
select f.timeframe, f.open_time,
  case
    when f.unknown_count > 0 then 'unknown: asked for again every hour'
    else 'absent: the exchange does not have them'
  end,
  f.unknown_count + f.absent_count,
  array(
    select s.symbol
    from public.symbols as s
    where s.trading
      and candlewatch.word_at(f.packed, 3, s.position) & 9218868437227405312 = 9218868437227405312
    order by s.position
    limit 20
  )
from candlewatch.frames as f
where f.unknown_count > 0 or f.absent_count > 0;
comment on view monitor.gaps is
  'What the history lacks by open time: missing frames, unknown and absent candles, and whose.';

-- sql/30_views/030_violations.sql
-- Every invariant that SQL can see, as rows that must not be: read after every step of the tests
-- and every five minutes in operation. One statement, so one snapshot.
create or replace view monitor.violations
with (security_invoker = on)
as
select b.invariant, b.subject, b.detail from monitor.broken_accounts as b
union all
select b.invariant, b.subject, b.detail from monitor.broken_candles as b
union all
select b.invariant, b.subject, b.detail from monitor.broken_leases as b
union all
select b.invariant, b.subject, b.detail from monitor.broken_counts as b
union all
select b.invariant, b.subject, b.detail from monitor.broken_signals as b
union all
select b.invariant, b.subject, b.detail from monitor.broken_quotas as b;
comment on view monitor.violations is
  'Invariants that do not hold. Must be empty; the tick keeps what it finds in candlewatch.findings.';

-- sql/30_views/traders_beyond_tier.sql
-- Traders that their account's tier does not allow to run, each with the sentence that its owner
-- reads.
create view candlewatch.traders_beyond_tier
with (security_invoker = true) as
select
  t.id as trader_id,
  t.account_id,
  case
    when f.length_ms < s.length_ms then format(
      'over_quota: the %s tier evaluates every %s at most (shortest_timeframe), not every %s',
      r.name, s.name, f.name
    )
    else format(
      'over_quota: the %s tier watches at most %s symbols with a trader (symbols_limit), not %s',
      r.name, r.symbols_limit, w.wanted
    )
  end as reason
from public.traders as t
join public.accounts as a on a.id = t.account_id
join public.tiers as r on r.name = a.tier
join candlewatch.timeframes as f on f.name = t.timeframe
join candlewatch.timeframes as s on s.name = r.shortest_timeframe
cross join lateral (
  select coalesce(
    (t.universe ->> 'top')::bigint,
    jsonb_array_length(t.universe -> 'symbols')::bigint,
    0
  ) as wanted
) as w
where f.length_ms < s.length_ms or w.wanted > r.symbols_limit;

comment on view candlewatch.traders_beyond_tier is
  'Traders that their tier does not allow to run (timeframe, symbols), with the reason.';
