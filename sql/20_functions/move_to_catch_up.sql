-- Moves slots that were about to expire with their superseded dispatch into the catch_up dispatch
-- of their candle, where their traders catch up with that many; each becomes ready again there, and
-- is due there instead. Returns the rest.
create or replace function candlewatch.move_to_catch_up(p_slots candlewatch.verdict[])
returns candlewatch.verdict[]
language plpgsql
set search_path = ''
as $$
declare
  v_from candlewatch.dispatches;
  v_to bigint;
  v_traders uuid[];
begin
  select d.* into v_from
  from candlewatch.dispatches as d
  where d.id = (p_slots[1]).dispatch_id and d.kind = 'scheduled';
  select array_agg(t.id) into v_traders
  from unnest(p_slots) as s
  join public.traders as t on t.id = s.trader_id
  where s.outcome = 'expired' and t.catch_up_candles > 0
    and t.catch_up_candles >= candlewatch.candles_after(v_from.timeframe, v_from.candle_at);
  if v_from.id is null or v_traders is null then
    return p_slots;
  end if;
  insert into candlewatch.dispatches (
    timeframe, candle_at, closes_at, kind, revision, created_at, enqueued_at
  )
  values (v_from.timeframe, v_from.candle_at, v_from.closes_at, 'catch_up', v_from.revision,
    candlewatch.now(), candlewatch.now())
  on conflict do nothing;
  select d.id into v_to
  from candlewatch.dispatches as d
  where d.timeframe = v_from.timeframe and d.candle_at = v_from.candle_at and d.kind = 'catch_up';
  insert into candlewatch.tallies (dispatch_id, due_count)
  values (v_to, cardinality(v_traders)), (v_from.id, -cardinality(v_traders));
  perform candlewatch.add_jobs(array_agg(row(
    null, s.account_id, v_to, s.trader_id, null, null, 0, 0, s.cost, null, null
  )::candlewatch.verdict))
  from unnest(p_slots) as s
  where s.trader_id = any (v_traders);
  return array(select s from unnest(p_slots) as s where s.trader_id <> all (v_traders));
end
$$;
comment on function candlewatch.move_to_catch_up(candlewatch.verdict[]) is
  'Moves slots of a superseded dispatch to the catch_up of their candle; returns the rest.';
