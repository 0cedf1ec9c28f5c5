-- Makes ready jobs of slots: up to settings.slots_per_job of one tenant and one dispatch each,
-- tagged under the tenants' locks, so that a tenant's tags only grow.
create or replace function candlewatch.add_jobs(p_slots candlewatch.verdict[])
returns void
language plpgsql
set search_path = ''
as $$
declare
  v_changes candlewatch.tenant_change[];
begin
  perform candlewatch.lock_tenants(array(select distinct s.account_id from unnest(p_slots) as s));
  with placed as (
    select s.*,
      (row_number() over (partition by s.account_id, s.dispatch_id order by s.trader_id) - 1)
        / c.slots_per_job as job
    from unnest(p_slots) as s
    cross join candlewatch.settings as c
  ),
  job as (
    select p.account_id, p.dispatch_id, p.job, sum(p.cost) as cost,
      array_agg(p.trader_id order by p.trader_id) as trader_ids
    from placed as p
    group by p.account_id, p.dispatch_id, p.job
  ),
  added as (
    insert into candlewatch.ready (account_id, tag, id, dispatch_id, attempt, cost, trader_ids)
    select j.account_id,
      greatest(q.serving_tag, t.last_tag) + sum(j.cost) over (
        partition by j.account_id order by j.dispatch_id, j.job
      ) / t.weight,
      nextval('candlewatch.job_ids'), j.dispatch_id, 0, j.cost, j.trader_ids
    from job as j
    join candlewatch.seats as t on t.account_id = j.account_id
    cross join candlewatch.queue_state as q
    returning account_id, tag
  )
  select array_agg(row(d.account_id, d.jobs, 0, d.lowest, d.highest)::candlewatch.tenant_change)
  into v_changes
  from (
    select a.account_id, count(*)::integer as jobs, min(a.tag) as lowest, max(a.tag) as highest
    from added as a
    group by a.account_id
  ) as d;
  perform candlewatch.seat_tenants(v_changes);
end
$$;
comment on function candlewatch.add_jobs(candlewatch.verdict[]) is
  'Makes ready jobs of slots, tagged by start-time fair queueing.';
