-- Locks a task for the holder of its lease. Returns 'held'; 'already' when this token ended it
-- before; 'fenced' for any other token and for a lease that is over.
create or replace function candlewatch.hold_task(
  p_token uuid,
  p_task bigint
)
returns text
language plpgsql
set search_path = ''
as $$
declare
  v_task candlewatch.tasks;
begin
  select t.* into v_task from candlewatch.tasks as t where t.id = p_task for update;
  if not found or v_task.token is distinct from p_token then
    return 'fenced';
  elsif v_task.state = 'done' then
    return 'already';
  elsif v_task.state <> 'leased' or v_task.lease_until <= candlewatch.lease_clock() then
    return 'fenced';
  end if;
  return 'held';
end
$$;
comment on function candlewatch.hold_task(uuid, bigint) is
  'Whether a token holds a task: held, already (ended by it) or fenced. Locks the task.';
