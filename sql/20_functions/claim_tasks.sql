-- Leases tasks of one kind to the caller's token. The same token again gives the same tasks, less
-- what was ended; concurrent calls with one token wait for each other. Lapsed leases of the kind go
-- back first. Definer: the worker may call this and may not touch the tables.
create or replace function worker.claim_tasks(
  p_token uuid,
  p_worker text,
  p_kind text,
  p_limit integer,
  p_lease_seconds float8
)
returns jsonb
language plpgsql
security definer
set search_path = ''
as $$
declare
  v_room integer;
begin
  if p_token is null or p_worker is null then
    perform candlewatch.refuse('CW002', 'a claim needs a token and the worker''s name',
      'make the token before the call, so that it can be repeated');
  end if;
  perform pg_advisory_xact_lock(hashtextextended(p_token::text, 0));
  if not exists (select from candlewatch.tasks as t where t.token = p_token and t.kind = p_kind) then
    perform candlewatch.return_lapsed_tasks(p_kind, 100);
    v_room := candlewatch.room_for_tasks(p_kind, p_limit);
    with picked as materialized (
      select t.id
      from candlewatch.tasks as t
      where t.kind = p_kind and t.state = 'ready' and t.due_at <= candlewatch.lease_clock()
      order by t.priority, t.due_at, t.id
      limit v_room
      for update skip locked
    )
    update candlewatch.tasks as t
    set state = 'leased', token = p_token, worker = p_worker, attempt = t.attempt + 1,
      lease_until = candlewatch.lease_clock()
        + make_interval(secs => least(
          greatest(coalesce(p_lease_seconds, 20), 0.1), s.lease_seconds_limit
        ))
    from picked as p
    cross join candlewatch.settings as s
    where t.id = p.id;
  end if;
  return (
    select jsonb_build_object(
      'token', p_token,
      'lease_until', min(t.lease_until),
      'tasks', coalesce(jsonb_agg(jsonb_build_object(
        'id', t.id, 'kind', t.kind, 'key', t.key, 'payload', t.payload, 'attempt', t.attempt
      ) order by t.priority, t.due_at, t.id), '[]')
    )
    from candlewatch.tasks as t
    where t.token = p_token and t.kind = p_kind and t.state = 'leased'
  );
end
$$;
comment on function worker.claim_tasks(uuid, text, text, integer, float8) is
  'Leases tasks of one kind to a token that the caller made.';
