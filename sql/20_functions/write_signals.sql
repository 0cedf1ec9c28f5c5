-- Writes the matches that are kept as signals; the rest, and what lies inside a cooldown, is counted
-- as suppressed. Price, change and volume come from the stored frame, read once for each of its
-- candles. The unique key makes each signal once. Whatever has to follow a signal in the same
-- transaction hangs on this one statement.
create or replace function candlewatch.write_signals(p_entries candlewatch.entry[])
returns setof candlewatch.signal_count
language sql
volatile
set search_path = ''
rows 10
as $$
  with kept as (
    select m.*,
      row_number() over (partition by m.dispatch_id, m.position) = 1 as is_first_of_candle
    from candlewatch.list_matches(p_entries) as m
    where m.is_kept
  ),
  priced as (
    select k.*, max(c.price) over w as price, max(c.change_pct) over w as change_pct,
      max(c.volume) over w as volume, max(c.revision) over w as revision
    from kept as k
    -- Offset: a subquery of its own, which reads nothing for the others of the same candle.
    left join lateral (
      select f.* from candlewatch.candle_figures(k.timeframe, k.candle_at, k.position) as f
      where k.is_first_of_candle
      offset 0
    ) as c on true
    window w as (partition by k.dispatch_id, k.position)
  ),
  written as (
    insert into public.signals (
      trader_id, account_id, filter_id, symbol, timeframe, candle_at, price, change_pct, volume,
      "values", dispatch_id, frame_revision, created_at, shadow
    )
    select p.trader_id, p.account_id, p.filter_id, p.symbol, p.timeframe, p.candle_at, p.price,
      p.change_pct, p.volume, coalesce(p."values" -> p.position::text, '{}'), p.dispatch_id,
      p.revision, candlewatch.lease_clock(), p.shadow
    from priced as p
    on conflict (trader_id, symbol, timeframe, candle_at) do nothing
    returning dispatch_id
  )
  select e.dispatch_id, coalesce(w.signals, 0)::integer,
    (e.entered - coalesce(k.kept, 0))::integer
  from (
    select e.dispatch_id, sum(bit_count(e.entered)) as entered
    from unnest(p_entries) as e
    group by e.dispatch_id
  ) as e
  left join (
    select k.dispatch_id, count(*) as kept from kept as k group by k.dispatch_id
  ) as k on k.dispatch_id = e.dispatch_id
  left join (
    select w.dispatch_id, count(*) as signals from written as w group by w.dispatch_id
  ) as w on w.dispatch_id = e.dispatch_id
$$;
comment on function candlewatch.write_signals(candlewatch.entry[]) is
  'Writes signals, each once, within the cap per candle; returns the counts by dispatch.';
