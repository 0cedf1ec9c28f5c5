-- Resolves the universes of traders anew, under the locks on their states: who completes their slots
-- takes the same locks before it writes their memory.
create or replace function candlewatch.resolve_universes(p_traders uuid[])
returns void
language plpgsql
set search_path = ''
as $$
begin
  perform from public.trader_states as s
  where s.trader_id = any (p_traders)
  order by s.trader_id
  for no key update;
  perform candlewatch.resolve_universe(t) from unnest(p_traders) as t;
end
$$;
comment on function candlewatch.resolve_universes(uuid[]) is
  'Binds traders to the resolved forms of their universes, in everybody''s order of locks.';
