-- Resolves a stated universe against the exchange's list: bits by position, the revision of the
-- list, and the named symbols that the exchange does not list. Named symbols, or all trading ones
-- of the quote asset (USDT unless stated), without the excluded; the first so many by 24 h volume,
-- then by position.
create or replace function candlewatch.universe_bits(
  p_stated jsonb,
  p_limit integer,
  out revision bigint,
  out bits bit varying,
  out unknown_symbols text[]
)
returns record
language sql
stable
set search_path = ''
as $$
  with chosen as (
    select s.position
    from public.symbols as s
    where s.trading
      and case
        when p_stated ? 'symbols' then p_stated -> 'symbols' ? s.symbol
        else s.quote_asset = coalesce(p_stated ->> 'quote', 'USDT')
      end
      and not coalesce(p_stated -> 'exclude' ? s.symbol, false)
    order by s.quote_volume desc, s.position
    limit least(coalesce((p_stated ->> 'top')::integer, p_limit), p_limit)
  )
  select
    (select r.revision from candlewatch.symbol_revision as r),
    coalesce((
      select string_agg(case when c.position is null then '0' else '1' end, '' order by g.position)
      from generate_series(0, (select max(s.position) from public.symbols as s)) as g (position)
      left join chosen as c on c.position = g.position
    ), '')::bit varying,
    array(
      select n.name
      from jsonb_array_elements_text(coalesce(p_stated -> 'symbols', '[]'))
        with ordinality as n (name, place)
      where not exists (select from public.symbols as s where s.symbol = n.name)
      order by n.place
    )
$$;
comment on function candlewatch.universe_bits(jsonb, integer) is
  'Resolves a stated universe to bits by symbol position.';
