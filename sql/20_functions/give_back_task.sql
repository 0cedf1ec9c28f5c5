-- Makes a leased task, which the caller has locked, ready again after p_retry_seconds (null: the
-- back-off of its attempts), or failed with the reason when no attempts are left. A check that
-- fails for good decides its filter: nobody waits for ever. Returns the state.
create or replace function candlewatch.give_back_task(
  p_task bigint,
  p_reason text,
  p_retry_seconds float8
)
returns text
language plpgsql
set search_path = ''
as $$
declare
  v_task candlewatch.tasks;
begin
  select t.* into v_task from candlewatch.tasks as t where t.id = p_task;
  if v_task.attempt < v_task.attempts_limit then
    update candlewatch.tasks as t
    set state = 'ready', token = null, worker = null, lease_until = null, reason = p_reason,
      due_at = candlewatch.lease_clock() + coalesce(
        make_interval(secs => greatest(p_retry_seconds, 0)), candlewatch.back_off(v_task.attempt)
      )
    where t.id = p_task;
    return 'ready';
  end if;
  perform candlewatch.end_task(p_task, 'failed', null, p_reason);
  if v_task.kind = 'check' then
    perform candlewatch.decide_filter((v_task.payload ->> 'filter_id')::bigint, jsonb_build_object(
      'ok', false,
      'problems', jsonb_build_array(jsonb_build_object(
        'line', 1, 'column', 1, 'rule', 'check_failed',
        'message', 'the filter could not be checked: ' || p_reason, 'hint', 'try it again later'
      ))
    ));
  end if;
  return 'failed';
end
$$;
comment on function candlewatch.give_back_task(bigint, text, float8) is
  'Makes a leased task ready again, or failed when no attempts are left.';
