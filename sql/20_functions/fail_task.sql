-- Gives a task back with the reason why it failed, if the token holds it: it is tried again after
-- p_retry_seconds (null: a back-off that grows with its attempts), or has failed when none are
-- left. Definer: the worker may call this and may not touch the tables.
create or replace function worker.fail_task(
  p_token uuid,
  p_task bigint,
  p_reason text,
  p_retry_seconds float8 default null
)
returns jsonb
language plpgsql
security definer
set search_path = ''
as $$
declare
  v_hold text;
begin
  perform candlewatch.lock_checked_filters(array[p_task]);
  v_hold := candlewatch.hold_task(p_token, p_task);
  if v_hold = 'held' then
    v_hold := case candlewatch.give_back_task(
        p_task, coalesce(nullif(left(p_reason, 500), ''), 'no reason given'), p_retry_seconds
      )
      when 'ready' then 'retried'
      else 'failed'
    end;
  end if;
  return jsonb_build_object('outcome', v_hold);
end
$$;
comment on function worker.fail_task(uuid, bigint, text, float8) is
  'Gives a task back with the reason why it failed; it is tried again while attempts are left.';
