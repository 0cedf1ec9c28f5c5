-- The symbols that slots report, less those inside a cooldown. Kept are at most the tier's signals per
-- trader and candle: those with the most 24 h volume first, then by position.
create or replace function candlewatch.list_matches(p_entries candlewatch.entry[])
returns setof candlewatch.match
language sql
stable
set search_path = ''
as $$
  select e.dispatch_id, e.trader_id, e.account_id, e.filter_id, e."values", d.timeframe,
    d.candle_at, s.position, s.symbol, a.shadow,
    row_number() over (
      partition by e.dispatch_id, e.trader_id order by s.quote_volume desc, s.position
    ) <= r.signals_per_candle
  from unnest(p_entries) as e
  join candlewatch.dispatches as d on d.id = e.dispatch_id
  join public.accounts as a on a.id = e.account_id
  join public.tiers as r on r.name = a.tier
  cross join lateral candlewatch.set_bits(e.entered) as b (position)
  join public.symbols as s on s.position = b.position
  where e.cooldown_candles = 0 or not exists (
    select from public.signals as g
    where g.trader_id = e.trader_id and g.symbol = s.symbol and g.timeframe = d.timeframe
      and g.candle_at < d.candle_at
      and g.candle_at >= d.candle_at
        - e.cooldown_candles * candlewatch.candle_length(d.timeframe)
  )
$$;
comment on function candlewatch.list_matches(candlewatch.entry[]) is
  'The symbols that slots report, with those to keep within the cap per candle.';
