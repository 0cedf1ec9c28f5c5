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
