-- Removes old rows of pg_cron's run log, which it would keep for ever, and of pg_net's answers. A
-- run that could not start has no times: it is as old as the runs before and after it.
create or replace function candlewatch.prune_logs(
  p_before timestamptz,
  p_limit integer
)
returns integer
language sql
volatile
set search_path = ''
as $$
  with old as (
    select x.runid
    from cron.job_run_details as x
    where coalesce(x.end_time, x.start_time) < p_before
      or (
        coalesce(x.end_time, x.start_time) is null
        and x.runid < (
          select max(o.runid) from cron.job_run_details as o
          where coalesce(o.end_time, o.start_time) < p_before
        )
      )
    order by x.runid
    limit p_limit
  ),
  run as (
    delete from cron.job_run_details as d
    where d.runid = any(array(select o.runid from old as o))
    returning 1
  ),
  response as (
    delete from net._http_response as r
    where r.id in (
      select x.id from net._http_response as x where x.created < p_before limit p_limit
    )
    returning 1
  )
  select ((select count(*) from run) + (select count(*) from response))::integer
$$;
comment on function candlewatch.prune_logs(timestamptz, integer) is
  'Removes old rows of pg_cron''s and pg_net''s logs.';
