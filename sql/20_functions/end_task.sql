-- Ends a task that the caller has locked. The token stays with a task that is done, so that its
-- holder can be told again.
create or replace function candlewatch.end_task(
  p_task bigint,
  p_state text,
  p_result jsonb,
  p_reason text
)
returns void
language plpgsql
set search_path = ''
as $$
begin
  update candlewatch.tasks as t
  set state = p_state, lease_until = null, ended_at = candlewatch.lease_clock(), result = p_result,
    reason = p_reason
  where t.id = p_task;
end
$$;
comment on function candlewatch.end_task(bigint, text, jsonb, text) is
  'Ends a task as done, failed or expired.';
