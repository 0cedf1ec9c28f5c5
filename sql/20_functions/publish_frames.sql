-- Publishes all frames that close at one instant and ends the ingest task, in one transaction:
-- stores the frames, makes a dispatch for each timeframe that running traders use, wakes evaluate.
-- The same instant again dispatches nothing new. A task that the token does not hold is refused
-- (CW001). Definer: the worker may call this and may not touch the tables.
create or replace function worker.publish_frames(
  p_token uuid,
  p_task bigint,
  p_closes_at timestamptz,
  p_frames jsonb
)
returns jsonb
language plpgsql
security definer
set search_path = ''
as $$
declare
  v_hold text := candlewatch.hold_task(p_token, p_task);
  v_answer jsonb;
begin
  if v_hold = 'already' then
    return (select t.result from candlewatch.tasks as t where t.id = p_task);
  elsif v_hold = 'fenced' then
    perform candlewatch.refuse('CW001', format('ingest task %s is not held by this token', p_task),
      'drop the work: another worker has it or will');
  end if;
  v_answer := jsonb_build_object('dispatches', candlewatch.publish(p_closes_at, p_frames));
  perform candlewatch.end_task(p_task, 'done', v_answer, null);
  perform candlewatch.wake('evaluate');
  return v_answer;
end
$$;
comment on function worker.publish_frames(uuid, bigint, timestamptz, jsonb) is
  'Publishes the frames that close at one instant and ends the ingest task.';
