-- Notes how a run ended and what it counted; the first note holds. When it may have stopped before
-- the work was done, the tick wakes another. Definer: the worker may call this and may not touch
-- the tables.
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
begin
  update candlewatch.runs as r
  set ended_at = candlewatch.lease_clock(), outcome = left(coalesce(p_outcome, 'done'), 500),
    counts = coalesce(p_counts, '{}')
  where r.id = p_run and r.ended_at is null;
  return jsonb_build_object('outcome', case when found then 'done' else 'already' end);
end
$$;
comment on function worker.end_run(bigint, text, jsonb) is
  'Notes how a run ended and what it counted.';
