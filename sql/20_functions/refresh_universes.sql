-- Resolves up to p_limit universes anew that are older than the exchange's list, and drops those
-- that no trader states any more.
create or replace function candlewatch.refresh_universes(p_limit integer)
returns integer
language plpgsql
set search_path = ''
as $$
declare
  v_count integer;
begin
  with stale as materialized (
    select u.id
    from candlewatch.universes as u
    where u.revision < (select r.revision from candlewatch.symbol_revision as r)
    order by u.id
    limit p_limit
    for update skip locked
  ),
  dropped as (
    delete from candlewatch.universes as u
    using stale as s
    where u.id = s.id
      and not exists (select from candlewatch.trader_memory as m where m.universe_id = u.id)
  )
  update candlewatch.universes as u
  set revision = b.revision, bits = b.bits, unknown_symbols = b.unknown_symbols
  from stale as s
  join candlewatch.universes as x on x.id = s.id
  cross join lateral candlewatch.universe_bits(x.stated, x.symbols_limit) as b
  where u.id = s.id
    and exists (select from candlewatch.trader_memory as m where m.universe_id = u.id);
  get diagnostics v_count = row_count;
  return v_count;
end
$$;
comment on function candlewatch.refresh_universes(integer) is
  'Resolves universes anew after the exchange''s list changed, bounded.';
