-- Takes waiting jobs out of ready and retries, under the tenants' locks, and seats the tenants.
-- Returns the slots of those jobs that were still there: another verb may have taken some
-- meanwhile.
create or replace function candlewatch.remove_waiting(p_slots candlewatch.verdict[])
returns candlewatch.verdict[]
language plpgsql
set search_path = ''
as $$
declare
  v_ready candlewatch.ready[];
  v_retried bigint[];
begin
  with removed as (
    delete from candlewatch.ready as r
    using (select distinct s.account_id, s.tag, s.job_id from unnest(p_slots) as s) as s
    where r.account_id = s.account_id and r.tag = s.tag and r.id = s.job_id
    returning r
  )
  select array_agg(x.r) into v_ready from removed as x;
  with removed as (
    delete from candlewatch.retries as r
    where r.id = any (array(select s.job_id from unnest(p_slots) as s))
    returning r.id
  )
  select array_agg(r.id) into v_retried from removed as r;

  perform candlewatch.seat_tenants(array(
    select row(r.account_id, -count(*), 0, null, null)::candlewatch.tenant_change
    from unnest(v_ready) as r
    group by r.account_id
  ));
  return array(
    select s
    from unnest(p_slots) as s
    where s.job_id = any (v_retried)
      or s.job_id in (select r.id from unnest(v_ready) as r)
  );
end
$$;
comment on function candlewatch.remove_waiting(candlewatch.verdict[]) is
  'Takes waiting jobs out of the queue; returns the slots that were still there.';
