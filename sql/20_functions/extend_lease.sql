-- Extends a live lease to p_lease_seconds from now. A lease that is over is not revived: "fenced".
-- Definer: the worker may call this and may not touch the tables.
create or replace function worker.extend_lease(
  p_token uuid,
  p_lease_seconds float8
)
returns jsonb
language plpgsql
security definer
set search_path = ''
as $$
declare
  v_until timestamptz;
begin
  perform from candlewatch.leases as l where l.token = p_token for no key update;
  update candlewatch.leases as l
  set lease_until = greatest(l.lease_until, candlewatch.lease_clock()
    + make_interval(secs => least(greatest(p_lease_seconds, 0.1), s.lease_seconds_limit)))
  from candlewatch.settings as s
  where l.token = p_token and l.lease_until > candlewatch.lease_clock()
  returning l.lease_until into v_until;
  if v_until is null then
    return jsonb_build_object('outcome', 'fenced');
  end if;
  return jsonb_build_object('lease_until', v_until);
end
$$;
comment on function worker.extend_lease(uuid, float8) is
  'Extends a live lease; a lease that is over is fenced.';
