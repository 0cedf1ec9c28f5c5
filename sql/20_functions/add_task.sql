-- Adds a piece of work, once by kind and key. The same key again changes nothing, but for one that
-- failed: that becomes ready anew. Wakes the function that does it. Returns the task's id.
create or replace function candlewatch.add_task(
  p_kind text,
  p_key text,
  p_payload jsonb,
  p_priority integer default 0,
  p_attempts_limit integer default 5
)
returns bigint
language plpgsql
set search_path = ''
as $$
declare
  v_id bigint;
begin
  insert into candlewatch.tasks as t (
    kind, key, payload, priority, attempts_limit, due_at, created_at
  )
  values (p_kind, p_key, p_payload, p_priority, p_attempts_limit, candlewatch.lease_clock(),
    candlewatch.lease_clock())
  on conflict (kind, key) do update
    set state = 'ready', attempt = 0, payload = excluded.payload, due_at = excluded.due_at,
      ended_at = null, result = null, reason = null
    where t.state = 'failed'
  returning t.id into v_id;
  if v_id is not null and p_kind = 'check' then
    perform candlewatch.wake('check');
  elsif v_id is not null then
    perform candlewatch.wake('ingest');
  else
    select t.id into v_id from candlewatch.tasks as t where t.kind = p_kind and t.key = p_key;
  end if;
  return v_id;
end
$$;
comment on function candlewatch.add_task(text, text, jsonb, integer, integer) is
  'Adds a piece of work once by kind and key, and wakes the function that does it.';
