-- Makes the catch_up dispatches that a new candle asks for, when candles before it were missed or
-- have slots that have not ended: one for each missed candle that somebody wants, and one for the
-- candle itself, so that those who catch up see it after the others. None is enqueued yet.
create or replace function candlewatch.plan_catch_up(
  p_timeframe text,
  p_last timestamptz,
  p_candle_at timestamptz
)
returns void
language plpgsql
set search_path = ''
as $$
declare
  v_length interval := candlewatch.candle_length(p_timeframe);
  v_most integer;
begin
  select max(t.catch_up_candles) into v_most
  from public.traders as t
  join public.trader_states as s on s.trader_id = t.id and s.state = 'running'
  where t.timeframe = p_timeframe and t.catch_up_candles > 0;
  if v_most is null or p_last is null or p_last = p_candle_at - v_length
    and not candlewatch.is_unfinished(p_timeframe, p_candle_at + v_length)
  then
    return;
  end if;
  insert into candlewatch.dispatches (
    timeframe, candle_at, closes_at, kind, revision, created_at, candles_behind
  )
  select p_timeframe, m.candle_at, m.candle_at + v_length, 'catch_up', 0, candlewatch.now(),
    row_number() over (order by m.candle_at desc) - 1
  from generate_series(
    greatest(p_last + v_length, p_candle_at - v_most * v_length), p_candle_at, v_length
  ) as m (candle_at)
  on conflict do nothing;
end
$$;
comment on function candlewatch.plan_catch_up(text, timestamptz, timestamptz) is
  'Makes dispatches for traders that catch up with missed candles.';
