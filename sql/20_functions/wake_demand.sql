-- How many runs of a function are wanted now, beyond those that run: for evaluate the waiting cost
-- over what one function works off in a second, for the others one per claim of waiting tasks, but
-- for backfill no more than may work on it (room_for_tasks); never more than the function's limit.
-- Slots that are no jobs yet are taken to be as many as at the last close. A run that has not ended
-- within its time counts as lost. A function that has to stay warm is wanted once in a while,
-- whatever waits.
create or replace function candlewatch.wake_demand(p_function text)
returns integer
language sql
stable
set search_path = ''
as $$
  select greatest(
    0,
    least(f.running_limit, w.wanted) - r.running,
    least(f.running_limit - r.running, c.closes)
  )::integer
  from candlewatch.functions as f
  cross join lateral (
    select case
      when p_function = 'evaluate' then (
        select greatest(
          ceil((coalesce(sum(s.cost), 0) + candlewatch.open_cost()) / f.cost_per_second)::integer,
          (exists (select from candlewatch.enqueues))::integer
        )
        from (select j.cost from candlewatch.ready as j limit 20000) as s
      )
      else (
        select greatest(
          least(
            ceil(count(*) / 20.0),
            ceil(count(*) filter (where t.kind <> 'backfill') / 20.0) + f.running_limit - 1
          )::integer,
          (coalesce(f.woken_at, '-infinity')
            < clock_timestamp() - make_interval(secs => f.awake_seconds))::integer
        )
        from candlewatch.tasks as t
        where t.state = 'ready' and t.due_at <= candlewatch.lease_clock()
          and (t.kind = 'check') = (p_function = 'check')
      )
    end as wanted
  ) as w
  cross join lateral (
    select count(*) as running
    from candlewatch.runs as x
    where x.function_name = p_function and x.ended_at is null
      and x.started_at > candlewatch.lease_clock() - make_interval(secs => f.run_seconds_limit)
  ) as r
  -- A close is fetched by a run of its own, whatever history another run is busy with; and a filter
  -- is not left to a run that may just be ending.
  cross join lateral (
    select count(*) as closes
    from (
      select
      from candlewatch.tasks as t
      where t.kind = p_function and p_function in ('ingest', 'check') and t.state = 'ready'
        and t.due_at <= candlewatch.lease_clock()
      limit 1
    ) as t
  ) as c
  where f.name = p_function
$$;
comment on function candlewatch.wake_demand(text) is
  'How many more runs of a function the waiting work asks for.';
