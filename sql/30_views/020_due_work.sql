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
