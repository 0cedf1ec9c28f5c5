-- Binds a trader to the resolved form of the universe that it states. Equal statements of many
-- traders are one row.
create or replace function candlewatch.resolve_universe(p_trader uuid)
returns void
language plpgsql
set search_path = ''
as $$
declare
  v_stated jsonb;
  v_limit integer;
  v_universe bigint;
begin
  select t.universe, r.symbols_limit into v_stated, v_limit
  from public.traders as t
  join public.accounts as a on a.id = t.account_id
  join public.tiers as r on r.name = a.tier
  where t.id = p_trader;
  if not found then
    return;
  end if;
  select u.id into v_universe
  from candlewatch.universes as u
  where u.stated = v_stated and u.symbols_limit = v_limit
  for key share;
  if v_universe is null then
    insert into candlewatch.universes (stated, symbols_limit, revision, bits, unknown_symbols)
    select v_stated, v_limit, u.revision, u.bits, u.unknown_symbols
    from candlewatch.universe_bits(v_stated, v_limit) as u
    on conflict (stated, symbols_limit) do nothing;
    select u.id into v_universe
    from candlewatch.universes as u
    where u.stated = v_stated and u.symbols_limit = v_limit
    for key share;
  end if;
  insert into candlewatch.trader_memory as m (trader_id, universe_id)
  values (p_trader, v_universe)
  on conflict (trader_id) do update
    set universe_id = excluded.universe_id
    where m.universe_id <> excluded.universe_id;
end
$$;
comment on function candlewatch.resolve_universe(uuid) is
  'Binds a trader to the resolved form of its universe.';
