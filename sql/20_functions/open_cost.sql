-- The likely cost of dispatches whose slots are no jobs yet: as many slots as the timeframe's last
-- scheduled dispatch had, each as costly as those of the last runs of evaluate (1 before there were
-- any). An estimate for wakes alone; it reads a few rows.
create or replace function candlewatch.open_cost()
returns float8
language sql
stable
set search_path = ''
as $$
  select coalesce(sum(b.due_count), 0) * coalesce((
    select sum((r.counts ->> 'cost')::float8) / nullif(sum((r.counts ->> 'done')::float8), 0)
    from (
      select x.counts
      from candlewatch.runs as x
      where x.function_name = 'evaluate' and x.counts ? 'done'
      order by x.started_at desc
      limit 20
    ) as r
  ), 1)
  from (select e.dispatch_id from candlewatch.enqueues as e limit 100) as e
  join candlewatch.dispatches as d on d.id = e.dispatch_id
  cross join lateral (
    select p.due_count
    from candlewatch.dispatches as p
    where p.timeframe = d.timeframe and p.closes_at < d.closes_at and p.kind = 'scheduled'
    order by p.closes_at desc
    limit 1
  ) as b
$$;
comment on function candlewatch.open_cost() is
  'The likely cost of slots that are no jobs yet, judged by the last close; for wakes.';
