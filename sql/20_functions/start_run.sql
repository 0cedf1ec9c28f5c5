-- Notes that a function runs. Definer: the worker may call this and may not touch the tables.
create or replace function worker.start_run(
  p_function text,
  p_worker text,
  p_cold boolean
)
returns jsonb
language plpgsql
security definer
set search_path = ''
as $$
declare
  v_run bigint;
begin
  insert into candlewatch.runs (function_name, worker, cold, started_at)
  values (left(p_function, 100), left(p_worker, 200), coalesce(p_cold, false),
    candlewatch.lease_clock())
  returning id into v_run;
  return jsonb_build_object('run', v_run);
end
$$;
comment on function worker.start_run(text, text, boolean) is 'Notes that a function runs.';
