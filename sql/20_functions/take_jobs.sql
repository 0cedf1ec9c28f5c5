-- Leases ready jobs to a token: walks tenants with ready work and room in the order of their heads,
-- takes at most one turn of each (by its weight) and never more than its room, within the global
-- room. Each step is a statement of its own: a lock on a tenant does not refresh the snapshot of its
-- seat and its jobs. Locks the tenants, then queue_state. Returns how many jobs.
create or replace function candlewatch.take_jobs(
  p_token uuid,
  p_worker text,
  p_limit integer,
  p_cost_limit float8,
  p_lease_seconds float8
)
returns integer
language plpgsql
set search_path = ''
set enable_seqscan = off
set enable_bitmapscan = off
set enable_hashjoin = off
set enable_mergejoin = off
as $$
declare
  v_locked uuid[];
  v_walk record;
  v_room integer;
  v_turn integer;
  v_changes candlewatch.tenant_change[];
  v_jobs integer;
  v_now timestamptz;
begin
  select s.jobs_per_turn into v_turn from candlewatch.settings as s;
  v_locked := candlewatch.walk_tenants(p_limit);
  select array_agg(s.account_id) as accounts, array_agg(s.first_tag) as tags,
    array_agg(least(s.concurrency_limit - s.leased_count, ceil(v_turn * s.weight)::integer))
      as rooms,
    min(s.head_tag) as lowest, max(s.head_tag) as highest
  into v_walk
  from unnest(v_locked) as w (account_id)
  cross join lateral (
    select n.* from candlewatch.seats as n
    where n.account_id = w.account_id order by n.turn desc limit 1
  ) as s
  where s.head_tag is not null;
  select s.leased_limit - q.leased_count into v_room
  from candlewatch.queue_state as q
  cross join candlewatch.settings as s
  where v_walk.accounts is not null
  for no key update of q;
  v_changes := candlewatch.lease_jobs(
    p_token, v_walk.accounts, v_walk.tags, v_walk.rooms, least(p_limit, v_room), p_cost_limit
  );
  if v_changes is null then
    return 0;
  end if;
  perform candlewatch.seat_tenants(v_changes);
  select sum(c.leased_delta) into v_jobs from unnest(v_changes) as c;
  v_now := candlewatch.lease_clock();
  insert into candlewatch.leases (token, worker, granted_at, lease_until, job_count)
  values (p_token, p_worker, v_now, v_now + make_interval(secs => p_lease_seconds), v_jobs);
  update candlewatch.queue_state as q
  set leased_count = q.leased_count + v_jobs,
    serving_tag = greatest(q.serving_tag, v_walk.highest),
    floor_tag = greatest(q.floor_tag, v_walk.lowest);
  return v_jobs;
end
$$;
comment on function candlewatch.take_jobs(uuid, text, integer, float8, float8) is
  'Leases ready jobs to a token, in fair order, within every tenant''s cap and the global one.';
