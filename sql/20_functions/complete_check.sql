-- Ends a check task with its answer, fenced by the token as every task is, and decides the filter
-- in the same transaction. A stale token changes nothing; a repeated call is told that it was done.
-- Definer: the worker's role may call this and touch nothing itself.
create or replace function worker.complete_check(
  p_token uuid,
  p_task bigint,
  p_result jsonb
)
returns jsonb
language plpgsql
security definer
set search_path = ''
as $$
declare
  v_answer jsonb;
begin
  if jsonb_typeof(p_result -> 'ok') is distinct from 'boolean' then
    perform candlewatch.refuse('CW002', 'the answer of a check says ok: true or ok: false',
      'send {"ok": true, "needs": ...} or {"ok": false, "problems": [...]}');
  end if;
  perform candlewatch.lock_checked_filters(array[p_task]);
  v_answer := worker.complete_task(p_token, p_task, p_result);
  if v_answer ->> 'outcome' = 'done' then
    perform candlewatch.decide_filter((t.payload ->> 'filter_id')::bigint, p_result)
    from candlewatch.tasks as t
    where t.id = p_task and t.kind = 'check';
  end if;
  return v_answer;
end
$$;

comment on function worker.complete_check(uuid, bigint, jsonb) is
  'Ends a check task: the filter is ready or refused, and the traders that wait for it move.';
