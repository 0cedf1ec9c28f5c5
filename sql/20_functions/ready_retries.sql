-- Makes up to p_limit retries whose back-off is over ready again, at their old tags. Skips rows
-- that another call has. Locks the tenants. Returns the jobs.
create or replace function candlewatch.ready_retries(p_limit integer)
returns integer
language plpgsql
set search_path = ''
as $$
declare
  v_due candlewatch.retries[];
begin
  select array_agg(n.retry) into v_due
  from (
    select r as retry
    from candlewatch.retries as r
    where r.due_at <= candlewatch.lease_clock()
    order by r.due_at
    limit p_limit
    for update of r skip locked
  ) as n;
  if v_due is null then
    return 0;
  end if;
  perform candlewatch.lock_tenants(array(select distinct d.account_id from unnest(v_due) as d));
  delete from candlewatch.retries as r
  where r.id = any (array(select d.id from unnest(v_due) as d));
  insert into candlewatch.ready (
    account_id, tag, id, dispatch_id, attempt, lapses, cost, trader_ids
  )
  select d.account_id, d.tag, d.id, d.dispatch_id, d.attempt, d.lapses, d.cost, d.trader_ids
  from unnest(v_due) as d;
  perform candlewatch.seat_tenants(array(
    select row(d.account_id, count(*), 0, min(d.tag), null)::candlewatch.tenant_change
    from unnest(v_due) as d
    group by d.account_id
  ));
  return cardinality(v_due);
end
$$;
comment on function candlewatch.ready_retries(integer) is
  'Makes jobs whose back-off is over ready again, bounded.';
