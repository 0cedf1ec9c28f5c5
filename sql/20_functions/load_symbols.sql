-- The symbols by position and the revision of the list.
-- Definer: the worker may call this and may not touch the tables.
create or replace function worker.load_symbols()
returns jsonb
language sql
stable
security definer
set search_path = ''
as $$
  select jsonb_build_object(
    'revision', (select r.revision from candlewatch.symbol_revision as r),
    'symbols', (
      select coalesce(jsonb_agg(jsonb_build_object(
        'position', s.position,
        'symbol', s.symbol,
        'quote_asset', s.quote_asset,
        'trading', s.trading,
        'quote_volume', s.quote_volume
      ) order by s.position), '[]')
      from public.symbols as s
    )
  )
$$;
comment on function worker.load_symbols() is
  'The symbols by position, and the revision of the list.';
