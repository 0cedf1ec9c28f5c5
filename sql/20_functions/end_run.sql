-- Notes how a run ended and what it counted; the first note holds. The cost that it counted, over
-- its seconds, moves what its function is held to work off: a moving average in which a run of ten
-- seconds weighs half. Definer: the worker may call this and may not touch the tables.
create or replace function worker.end_run(
  p_run bigint,
  p_outcome text,
  p_counts jsonb
)
returns jsonb
language plpgsql
security definer
set search_path = ''
as $$
declare
  v_run candlewatch.runs;
  v_seconds float8;
begin
  update candlewatch.runs as r
  set ended_at = candlewatch.lease_clock(), outcome = left(coalesce(p_outcome, 'done'), 500),
    counts = coalesce(p_counts, '{}')
  where r.id = p_run and r.ended_at is null
  returning r.* into v_run;
  if v_run.id is null then
    return jsonb_build_object('outcome', 'already');
  end if;

  v_seconds := extract(epoch from v_run.ended_at - v_run.started_at);
  update candlewatch.functions as f
  set cost_per_second = greatest(
    1, (10 * f.cost_per_second + (v_run.counts ->> 'cost')::float8) / (10 + v_seconds)
  )
  where f.name = v_run.function_name and v_seconds > 0
    and jsonb_typeof(v_run.counts -> 'cost') = 'number' and v_run.counts -> 'cost' > '0';
  return jsonb_build_object('outcome', 'done');
end
$$;
comment on function worker.end_run(bigint, text, jsonb) is
  'Notes how a run ended and what it counted.';
