-- Ends a task with its result, if the token holds it: "done"; "already" when it was done by this
-- token; else "fenced", and nothing changes. Definer: the worker may call this and may not touch
-- the tables.
create or replace function worker.complete_task(
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
  v_hold text := candlewatch.hold_task(p_token, p_task);
begin
  if v_hold = 'held' then
    perform candlewatch.end_task(p_task, 'done', p_result, null);
    v_hold := 'done';
  end if;
  return jsonb_build_object('outcome', v_hold);
end
$$;
comment on function worker.complete_task(uuid, bigint, jsonb) is
  'Ends a task with its result, if the token holds it.';
