-- Removes filters that no trader has had since p_before, at most p_limit, and marks those that none
-- has now: a filter stays for as long as a lease or a changed mind may want it. Takes only rows that
-- nobody holds; whoever binds a trader to a filter holds it (adopt_filters), and whoever comes after
-- the lock here waits and makes the row anew. The last look is a statement of its own, so that it
-- sees what was bound before the lock.
create or replace function candlewatch.prune_filters(
  p_before timestamptz,
  p_limit integer
)
returns integer
language plpgsql
set search_path = ''
as $$
declare
  v_old bigint[];
  v_count integer;
begin
  update candlewatch.filters as f
  set unused_since = null
  where f.unused_since is not null
    and exists (select from public.trader_states as s where s.filter_id = f.id);

  with unused as materialized (
    select f.id
    from candlewatch.filters as f
    where f.unused_since is null
      and not exists (select from public.trader_states as s where s.filter_id = f.id)
    limit p_limit
    for no key update skip locked
  )
  update candlewatch.filters as f
  set unused_since = candlewatch.lease_clock()
  from unused as u
  where f.id = u.id;

  select array_agg(f.id) into v_old
  from (
    select x.id
    from candlewatch.filters as x
    where x.unused_since < p_before
    order by x.unused_since
    limit p_limit
    for update skip locked
  ) as f;
  delete from candlewatch.filters as f
  where f.id = any (v_old)
    and not exists (select from public.trader_states as s where s.filter_id = f.id);
  get diagnostics v_count = row_count;
  return v_count;
end
$$;

comment on function candlewatch.prune_filters(timestamptz, integer) is
  'Marks filters that no trader has, and removes those that none has had for long.';
