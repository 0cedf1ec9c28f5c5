-- Merges the exchange's list into symbols under the lock on its revision. Returns how many rows
-- changed.
create or replace function candlewatch.merge_symbols(p_symbols jsonb)
returns integer
language sql
volatile
set search_path = ''
as $$
  with listed as materialized (
    select distinct on (e.value ->> 'symbol')
      e.value ->> 'symbol' as symbol,
      coalesce(e.value ->> 'base_asset', '') as base_asset,
      coalesce(e.value ->> 'quote_asset', '') as quote_asset,
      coalesce((e.value ->> 'trading')::boolean, false) as trading,
      coalesce((e.value ->> 'quote_volume')::float8, 0) as quote_volume,
      e.place
    from jsonb_array_elements(p_symbols) with ordinality as e (value, place)
    order by e.value ->> 'symbol', e.place
  ),
  merged as (
    insert into public.symbols as s (
      position, symbol, base_asset, quote_asset, trading, quote_volume, listed_at, changed_at
    )
    select
      coalesce(k.position, (select coalesce(max(x.position), -1) from public.symbols as x)
        + count(*) filter (where k.position is null) over (order by l.place)),
      l.symbol, l.base_asset, l.quote_asset, l.trading, l.quote_volume, candlewatch.now(),
      candlewatch.now()
    from listed as l
    left join public.symbols as k on k.symbol = l.symbol
    on conflict (symbol) do update
      set base_asset = excluded.base_asset, quote_asset = excluded.quote_asset,
        trading = excluded.trading, quote_volume = excluded.quote_volume,
        changed_at = excluded.changed_at
      where (s.base_asset, s.quote_asset, s.trading, s.quote_volume) is distinct from
        (excluded.base_asset, excluded.quote_asset, excluded.trading, excluded.quote_volume)
    returning 1
  ),
  stopped as (
    update public.symbols as s
    set trading = false, changed_at = candlewatch.now()
    where s.trading and not exists (select from listed as l where l.symbol = s.symbol)
    returning 1
  )
  select ((select count(*) from merged) + (select count(*) from stopped))::integer
$$;
comment on function candlewatch.merge_symbols(jsonb) is
  'Merges the exchange''s list into symbols; returns how many rows changed.';
