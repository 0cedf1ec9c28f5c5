-- Hands the unfinished jobs of a token back at once (a function that is told to end): the attempt
-- is not counted. A token that holds nothing is told "fenced". Definer: the worker may call this
-- and may not touch the tables.
create or replace function worker.release_batch(p_token uuid)
returns jsonb
language plpgsql
security definer
set search_path = ''
as $$
declare
  v_lease candlewatch.leases;
begin
  select l.* into v_lease from candlewatch.leases as l where l.token = p_token for update;
  if not found or v_lease.lease_until <= candlewatch.lease_clock() then
    return jsonb_build_object('outcome', 'fenced', 'jobs', 0);
  end if;
  return jsonb_build_object(
    'outcome', 'released', 'jobs', candlewatch.return_jobs(v_lease, 'released')
  );
end
$$;
comment on function worker.release_batch(uuid) is
  'Hands the unfinished jobs of a token back; the attempt is not counted.';
