-- Makes returned slots ready again at their old tags: as the job they came in, or singly once their
-- lease lapsed too often. The caller holds the tenants' locks or takes them here for the first
-- time.
create or replace function candlewatch.ready_slots(p_verdicts candlewatch.verdict[])
returns void
language plpgsql
set search_path = ''
as $$
declare
  v_changes candlewatch.tenant_change[];
begin
  perform candlewatch.lock_tenants(array(
    select distinct v.account_id from unnest(p_verdicts) as v where v.outcome = 'returned'
  ));
  with returned as (
    insert into candlewatch.ready (
      account_id, tag, id, dispatch_id, attempt, lapses, cost, trader_ids
    )
    select v.account_id, v.tag,
      case when v.single is null then v.job_id else nextval('candlewatch.job_ids') end,
      v.dispatch_id, v.attempt, v.lapses,
      case when v.single is null then v.cost else v.cost / v.slots end, v.trader_ids
    from (
      select v.account_id, v.tag, v.job_id, v.dispatch_id, v.attempt, v.lapses, v.cost,
        case when v.lapses >= c.lone_lapses_from then v.trader_id end as single,
        array_agg(v.trader_id) as trader_ids, max(v.slots) as slots
      from (
        select v.*, count(*) over (partition by v.job_id) as slots
        from unnest(p_verdicts) as v
        where v.outcome = 'returned'
      ) as v
      cross join candlewatch.settings as c
      group by 1, 2, 3, 4, 5, 6, 7, 8
    ) as v
    -- Limit: a lookup by key for each, whatever the statistics of tenants say.
    cross join lateral (
      select from candlewatch.tenants as t where t.account_id = v.account_id limit 1
    ) as t
    returning account_id, tag
  )
  select array_agg(row(d.account_id, d.jobs, 0, d.tag, null)::candlewatch.tenant_change)
  into v_changes
  from (
    select r.account_id, count(*)::integer as jobs, min(r.tag) as tag
    from returned as r
    group by r.account_id
  ) as d;
  perform candlewatch.seat_tenants(v_changes);
end
$$;
comment on function candlewatch.ready_slots(candlewatch.verdict[]) is
  'Makes returned slots ready again at their old place.';
