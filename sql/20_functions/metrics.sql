-- Every figure of the system for monitoring, sorted by name and labels; none tells of one tenant.
-- Definer: the worker may call this and may not touch the tables.
create or replace function worker.metrics()
returns jsonb
language plpgsql
stable
security definer
set search_path = ''
as $$
begin
  return (
    select jsonb_agg(
      jsonb_build_object('name', f.name, 'labels', f.labels, 'value', f.value)
      order by f.name, f.labels
    )
    from monitor.figures as f
  );
end
$$;
comment on function worker.metrics() is
  'Every figure of the system with its labels: queue, candles, functions, schedules.';
