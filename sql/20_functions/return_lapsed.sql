-- Takes back what the longest lapsed lease held; one lease a call, so that a claim that meets many
-- of them stays short. A lease that somebody else is ending at this moment is left to them. Returns
-- the jobs.
create or replace function candlewatch.return_lapsed()
returns integer
language plpgsql
set search_path = ''
as $$
declare
  v_lease candlewatch.leases;
begin
  select l.* into v_lease
  from candlewatch.leases as l
  where l.lease_until <= candlewatch.lease_clock()
  order by l.lease_until, l.token
  limit 1
  for update skip locked;
  if not found then
    return 0;
  end if;
  return candlewatch.return_jobs(v_lease, 'expired');
end
$$;
comment on function candlewatch.return_lapsed() is 'Takes back the jobs of one lapsed lease.';
