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
