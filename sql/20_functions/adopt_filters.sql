-- Binds traders to the filter rows of their present texts, making rows for texts that are new. A
-- trader whose timeframe changed has no last candle: candles of two timeframes have no order.
-- Returns the traders whose binding changed; new traders get their row in trader_states here.
create or replace function candlewatch.adopt_filters(p_traders uuid[])
returns uuid[]
language plpgsql
set search_path = ''
as $$
declare
  v_changed uuid[];
begin
  perform candlewatch.hold_filters(p_traders);

  perform from public.trader_states as s
  where s.trader_id = any (p_traders)
  order by s.trader_id
  for no key update;
  update candlewatch.trader_memory as m
  set last_candle_at = null
  from public.traders as t
  join public.trader_states as s on s.trader_id = t.id
  join candlewatch.filters as f on f.id = s.filter_id
  where t.id = any (p_traders) and m.trader_id = t.id and f.timeframe <> t.timeframe;

  perform set_config('candlewatch.engine', 'on', true);
  with bound as (
    insert into public.trader_states as s (trader_id, account_id, filter_id, changed_at)
    select t.id, t.account_id, f.id, candlewatch.now()
    from public.traders as t
    join candlewatch.filters as f
      on f.content_hash = candlewatch.content_hash(t.timeframe, t.filter)
    where t.id = any (p_traders)
    order by t.id
    on conflict (trader_id) do update
      set filter_id = excluded.filter_id
      where s.filter_id <> excluded.filter_id
    returning s.trader_id
  )
  select coalesce(array_agg(b.trader_id), '{}') into v_changed from bound as b;
  perform set_config('candlewatch.engine', '', true);
  return v_changed;
end
$$;

comment on function candlewatch.adopt_filters(uuid[]) is
  'Binds traders to the filter rows of their present texts; returns those whose binding changed.';
