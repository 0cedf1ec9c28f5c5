-- Removes dispatches, tasks, runs, findings and left-over rows of the logs that ended before
-- p_before, up to p_limit rows of each.
create or replace function candlewatch.prune_history(
  p_before timestamptz,
  p_limit integer
)
returns integer
language sql
volatile
set search_path = ''
as $$
  with dispatch as (
    delete from candlewatch.dispatches as d
    where d.id in (
      select x.id from candlewatch.dispatches as x
      where x.created_at < p_before and x.closes_at < (
          select max(n.closes_at) from candlewatch.dispatches as n where n.timeframe = x.timeframe
        )
        and x.done_count + x.skipped_count + x.failed_count + x.expired_count = x.due_count
      order by x.closes_at limit p_limit
    )
    returning 1
  ),
  task as (
    delete from candlewatch.tasks as t
    where t.id in (
      select x.id from candlewatch.tasks as x
      where x.ended_at < p_before order by x.ended_at limit p_limit
    )
    returning 1
  ),
  run as (
    delete from candlewatch.runs as r
    where r.id in (
      select x.id from candlewatch.runs as x
      where x.started_at < p_before order by x.started_at limit p_limit
    )
    returning 1
  ),
  finding as (
    delete from candlewatch.findings as f
    where f.id in (
      select x.id from candlewatch.findings as x
      where x.found_at < p_before order by x.found_at limit p_limit
    )
    returning 1
  ),
  outcome as (
    delete from candlewatch.slot_outcomes_rest as o where o.ended_at < p_before returning 1
  ),
  lease as (
    delete from candlewatch.lease_log_rest as l where l.ended_at < p_before returning 1
  )
  select (
    (select count(*) from dispatch) + (select count(*) from task) + (select count(*) from run)
    + (select count(*) from finding) + (select count(*) from outcome) + (select count(*) from lease)
  )::integer
$$;
comment on function candlewatch.prune_history(timestamptz, integer) is
  'Removes old dispatches, tasks, runs and findings, bounded.';
