-- Ends jobs of a live lease with their results, all in one transaction: judges every slot under the
-- lock on its trader's state, writes signals and memory, retries or records what is not done, frees
-- the tenants' room. A token that does not hold the jobs changes nothing: "already" with what was
-- told before, when it completed them itself, else "fenced". The lease is judged after the waits
-- for locks: lease, states; then come tenants and queue_state. Generic plans throughout, as in the
-- claim; nothing is memoized, since no key comes twice. Definer: the worker may call this and may
-- not touch the tables.
create or replace function worker.complete_batch(
  p_token uuid,
  p_results jsonb
)
returns jsonb
language plpgsql
security definer
set search_path = ''
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
set enable_memoize = off
as $$
declare
  v_now timestamptz;
  v_lease candlewatch.leases;
  v_named bigint[];
  v_jobs bigint[];
  v_verdicts candlewatch.verdict[];
  v_result jsonb;
begin
  select l.* into v_lease from candlewatch.leases as l where l.token = p_token for update;
  if p_results ? 'jobs' then
    select coalesce(array_agg(j::bigint), '{}') into v_named
    from jsonb_array_elements_text(p_results -> 'jobs') as j;
  end if;
  select array_agg(j.id) into v_jobs
  from candlewatch.leased as j
  where j.token = p_token and (v_named is null or j.id = any (v_named));
  perform candlewatch.lock_states(p_token, v_jobs, p_results);
  v_now := candlewatch.lease_clock();
  if v_jobs is null or v_lease.lease_until <= v_now then
    return candlewatch.told_before(p_token, v_named);
  end if;

  v_verdicts := candlewatch.judge_slots(p_token, v_jobs, p_results);
  v_result := candlewatch.settle_slots(v_verdicts, p_results);
  perform candlewatch.end_jobs(v_lease, v_jobs, 'completed', v_result, v_now);
  return v_result;
end
$$;
comment on function worker.complete_batch(uuid, jsonb) is
  'Ends the jobs of a lease with their results, once; a stale token is fenced.';
