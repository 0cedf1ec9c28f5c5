-- Takes jobs out of a lease that the caller has locked: frees their tenants' room and the global
-- one, appends to the lease log and ends the lease with its last job.
create or replace function candlewatch.end_jobs(
  p_lease candlewatch.leases,
  p_jobs bigint[],
  p_outcome text,
  p_result jsonb,
  p_ended_at timestamptz
)
returns void
language plpgsql
set search_path = ''
as $$
declare
  v_changes candlewatch.tenant_change[];
begin
  select array_agg(row(d.account_id, 0, -d.jobs, null, null)::candlewatch.tenant_change)
  into v_changes
  from (
    select j.account_id, count(*)::integer as jobs
    from candlewatch.leased as j
    where j.token = p_lease.token and j.id = any (p_jobs)
    group by j.account_id
  ) as d;
  delete from candlewatch.leased as j where j.token = p_lease.token and j.id = any (p_jobs);
  insert into candlewatch.lease_log (
    token, worker, granted_at, lease_until, ended_at, outcome, job_ids, result
  )
  values (p_lease.token, p_lease.worker, p_lease.granted_at, p_lease.lease_until,
    p_ended_at, p_outcome, p_jobs, p_result);
  if cardinality(p_jobs) < p_lease.job_count then
    update candlewatch.leases as l
    set job_count = l.job_count - cardinality(p_jobs)
    where l.token = p_lease.token;
  else
    delete from candlewatch.leases as l where l.token = p_lease.token;
  end if;

  perform candlewatch.lock_tenants(array(select c.account_id from unnest(v_changes) as c));
  perform candlewatch.seat_tenants(v_changes);
  update candlewatch.queue_state as q set leased_count = q.leased_count - cardinality(p_jobs);
end
$$;
comment on function candlewatch.end_jobs(candlewatch.leases, bigint[], text, jsonb, timestamptz) is
  'Takes jobs out of a lease: frees room, appends to the lease log, ends an empty lease.';
