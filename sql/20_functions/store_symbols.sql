-- Stores the exchange's list: new symbols get the next positions in the order of the array, known
-- ones keep theirs, absent ones stop trading. An empty list is refused (CW002): it would stop
-- everything. The revision goes up when anything changed; universes follow with the next ticks, the
-- first of them here. The history of symbols that begin to trade is planned. Definer: the worker
-- may call this and may not touch the tables.
create or replace function worker.store_symbols(p_symbols jsonb)
returns jsonb
language plpgsql
security definer
set search_path = ''
as $$
declare
  v_revision bigint;
  v_changed integer;
  v_began boolean;
begin
  if coalesce(jsonb_array_length(p_symbols), 0) = 0 then
    perform candlewatch.refuse('CW002', 'the list of symbols is empty',
      'send the whole list of the exchange');
  end if;
  select r.revision into v_revision from candlewatch.symbol_revision as r for update;
  v_began := exists (
    select from jsonb_array_elements(p_symbols) as e (listed)
    where (e.listed ->> 'trading')::boolean and not exists (
      select from public.symbols as s where s.symbol = e.listed ->> 'symbol' and s.trading
    )
  );
  v_changed := candlewatch.merge_symbols(p_symbols);
  if v_changed > 0 then
    update candlewatch.symbol_revision as r set revision = r.revision + 1
    returning r.revision into v_revision;
    perform candlewatch.refresh_universes(200);
  end if;
  if v_began then
    perform candlewatch.plan_listings(v_revision);
  end if;
  return jsonb_build_object('revision', v_revision);
end
$$;
comment on function worker.store_symbols(jsonb) is
  'Stores the exchange''s list of symbols; positions are given once.';
