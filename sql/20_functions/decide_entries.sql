-- For each slot that is done: which symbols it reports, and what its trader remembers. All by bits,
-- by symbol position: entered = true & universe & ~matched (every_candle: true & universe), and
-- matched = (matched & unknown) | true. Slots with nothing to report or remember are left out.
create or replace function candlewatch.decide_entries(
  p_verdicts candlewatch.verdict[],
  p_results jsonb
)
returns setof candlewatch.entry
language sql
stable
set search_path = ''
rows 100
as $$
  with width as materialized (
    select coalesce(max(s.position), -1) + 1 as bits from public.symbols as s
  ),
  answer as materialized (
    select r.dispatch, r.filter, r."values",
      candlewatch.fit_bits(r."true"::bit varying, w.bits) as is_true,
      ~ candlewatch.fit_bits(~ coalesce(r.unknown, '')::bit varying, w.bits) as is_unknown
    from jsonb_to_recordset(p_results -> 'filters') as r (
      dispatch bigint, filter bigint, "true" text, unknown text, "values" jsonb
    )
    cross join width as w
  ),
  slot as materialized (
    select v.*, a.is_true, a."values", m.universe_id, m.matched as matched_before,
      candlewatch.fit_bits(m.matched, w.bits) as matched,
      (candlewatch.fit_bits(m.matched, w.bits) & a.is_unknown) | a.is_true as matched_after
    from unnest(p_verdicts) as v
    cross join width as w
    join answer as a on a.dispatch = v.dispatch_id and a.filter = v.filter_id
    join candlewatch.trader_memory as m on m.trader_id = v.trader_id
    where v.outcome = 'done'
      and (bit_count(a.is_true) > 0 or bit_count(m.matched) > 0)
  )
  select s.dispatch_id, s.trader_id, s.account_id, s.filter_id, t.cooldown_candles, s."values",
    s.is_true & candlewatch.fit_bits(u.bits, w.bits)
      & case t.emit when 'on_entry' then ~ s.matched else s.is_true end,
    s.matched_after,
    s.matched_after is distinct from s.matched_before
  from slot as s
  cross join width as w
  join candlewatch.universes as u on u.id = s.universe_id
  join public.traders as t on t.id = s.trader_id
$$;
comment on function candlewatch.decide_entries(candlewatch.verdict[], jsonb) is
  'Which symbols each slot reports and what its trader remembers, by bit arithmetic.';
