-- Moves jobs of tenants that a claim has locked from ready to leased: from each at most its room,
-- from its first tag on; of those the first p_limit in tag order within p_cost_limit (at least
-- one). Jobs of superseded dispatches are left to expire. A job whose workers were lost before is
-- taken alone or not at all. A job is deleted where it was just read, by its place on disk: only
-- who holds its tenant's lock moves it. Counts the attempt and binds each slot to the filter that
-- its trader has now (null: it does not run). Returns the jobs taken by tenant.
create or replace function candlewatch.lease_jobs(
  p_token uuid,
  p_accounts uuid[],
  p_tags float8[],
  p_rooms integer[],
  p_limit integer,
  p_cost_limit float8
)
returns candlewatch.tenant_change[]
language plpgsql
set search_path = ''
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
as $$
declare
  v_expiring bigint[] := array(select e.dispatch_id from candlewatch.expiries as e);
  v_lone_from smallint := (select s.lone_lapses_from from candlewatch.settings as s);
  v_changes candlewatch.tenant_change[];
begin
  with head as materialized (
    select j.place_on_disk, j.lapses >= v_lone_from as is_lone,
      row_number() over by_tag as place, sum(j.cost) over by_tag - j.cost as cost_before,
      first_value(j.lapses >= v_lone_from) over by_tag as first_is_lone
    from unnest(p_accounts, p_tags, p_rooms) as t (account_id, first_tag, room)
    cross join lateral (
      select r.ctid as place_on_disk, r.tag, r.id, r.lapses, r.cost
      from candlewatch.ready as r
      where r.account_id = t.account_id and r.tag >= t.first_tag
        and r.dispatch_id <> all (v_expiring)
      order by r.tag, r.id limit t.room
    ) as j
    window by_tag as (order by j.tag, j.id rows unbounded preceding)
  ),
  taken as (
    delete from candlewatch.ready as r
    using head as h
    where r.ctid = h.place_on_disk and h.place <= p_limit
      and (h.place = 1 or h.cost_before < p_cost_limit and not (h.is_lone or h.first_is_lone))
    returning r.*
  ),
  bound as (
    insert into candlewatch.leased (
      token, id, account_id, tag, dispatch_id, attempt, lapses, cost, trader_ids, filter_ids
    )
    select p_token, j.id, j.account_id, j.tag, j.dispatch_id, j.attempt + 1, j.lapses, j.cost,
      j.trader_ids,
      array(select (
        select s.filter_id from public.trader_states as s
        where s.trader_id = t and s.state = 'running'
      ) from unnest(j.trader_ids) as t)
    from taken as j
    returning account_id
  )
  select array_agg(row(b.account_id, -b.jobs, b.jobs, null, null)::candlewatch.tenant_change)
  into v_changes
  from (select b.account_id, count(*) as jobs from bound as b group by b.account_id) as b;
  return v_changes;
end
$$;
comment on function candlewatch.lease_jobs(uuid, uuid[], float8[], integer[], integer, float8) is
  'Moves jobs of locked tenants from ready to leased, in fair order, bound to their filters.';
