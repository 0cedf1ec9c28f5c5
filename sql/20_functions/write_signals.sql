-- Writes what the slots report, at most the tier's signals per trader and candle: those with the
-- most 24 h volume first, then by position; the rest, and what lies inside a cooldown, is counted
-- as suppressed. Price, change and volume come from the stored frame. The unique key makes each
-- signal once. Whatever has to follow a signal in the same transaction hangs on this one statement.
create or replace function candlewatch.write_signals(p_entries candlewatch.entry[])
returns setof candlewatch.signal_count
language sql
volatile
set search_path = ''
rows 10
as $$
  with match as (
    select e.*, d.timeframe, d.candle_at, s.position, s.symbol, r.signals_per_candle, a.shadow,
      row_number() over (
        partition by e.dispatch_id, e.trader_id order by s.quote_volume desc, s.position
      ) as place
    from unnest(p_entries) as e
    join candlewatch.dispatches as d on d.id = e.dispatch_id
    join public.accounts as a on a.id = e.account_id
    join public.tiers as r on r.name = a.tier
    join public.symbols as s on get_bit(e.entered, s.position) = 1
    where bit_count(e.entered) > 0
      and (e.cooldown_candles = 0 or not exists (
        select from public.signals as g
        where g.trader_id = e.trader_id and g.symbol = s.symbol and g.timeframe = d.timeframe
          and g.candle_at < d.candle_at
          and g.candle_at >= d.candle_at
            - e.cooldown_candles * candlewatch.candle_length(d.timeframe)
      ))
  ),
  written as (
    insert into public.signals (
      trader_id, account_id, filter_id, symbol, timeframe, candle_at, price, change_pct, volume,
      "values", dispatch_id, frame_revision, created_at, shadow
    )
    select m.trader_id, m.account_id, m.filter_id, m.symbol, m.timeframe, m.candle_at, c.price,
      c.change_pct, c.volume, coalesce(m."values" -> m.position::text, '{}'), m.dispatch_id,
      c.revision, candlewatch.lease_clock(), m.shadow
    from match as m
    cross join lateral candlewatch.candle_figures(m.timeframe, m.candle_at, m.position) as c
    where m.place <= m.signals_per_candle
    on conflict (trader_id, symbol, timeframe, candle_at) do nothing
    returning dispatch_id
  )
  select e.dispatch_id, coalesce(w.signals, 0)::integer,
    (e.entered - coalesce(m.kept, 0))::integer
  from (
    select e.dispatch_id, sum(bit_count(e.entered)) as entered
    from unnest(p_entries) as e
    group by e.dispatch_id
  ) as e
  left join (
    select m.dispatch_id, count(*) filter (where m.place <= m.signals_per_candle) as kept
    from match as m
    group by m.dispatch_id
  ) as m on m.dispatch_id = e.dispatch_id
  left join (
    select w.dispatch_id, count(*) as signals from written as w group by w.dispatch_id
  ) as w on w.dispatch_id = e.dispatch_id
$$;
comment on function candlewatch.write_signals(candlewatch.entry[]) is
  'Writes signals, each once, within the cap per candle; returns the counts by dispatch.';
