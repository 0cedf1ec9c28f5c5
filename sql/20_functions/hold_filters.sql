-- Makes filter rows for the present texts of traders where there are none, and holds them all until
-- the transaction ends, so that retention does not remove what is about to be bound; one that it
-- removed between the two steps is made again. Rows are made and held in the order of their hashes,
-- so that two callers with the same texts wait and never deadlock.
create or replace function candlewatch.hold_filters(p_traders uuid[])
returns void
language plpgsql
set search_path = ''
as $$
declare
  v_hashes bytea[];
  v_held integer := -1;
begin
  select array_agg(distinct candlewatch.content_hash(t.timeframe, t.filter)) into v_hashes
  from public.traders as t
  where t.id = any (p_traders);
  while v_held < cardinality(v_hashes) loop
    insert into candlewatch.filters (content_hash, source, timeframe)
    select distinct on (h.content_hash) h.content_hash, t.filter, t.timeframe
    from public.traders as t
    cross join lateral (select candlewatch.content_hash(t.timeframe, t.filter)) as h (content_hash)
    where t.id = any (p_traders)
    order by h.content_hash
    on conflict (content_hash) do nothing;

    perform from candlewatch.filters as f
    where f.content_hash = any (v_hashes)
    order by f.content_hash
    for key share;
    get diagnostics v_held = row_count;
  end loop;
end
$$;

comment on function candlewatch.hold_filters(uuid[]) is
  'Makes the filter rows that traders need and holds them until they are bound.';
