-- Dispatches a stored frame, if running traders use its timeframe: counts candles that were missed
-- before it as expired or has them caught up with, supersedes the older dispatches of the timeframe
-- and puts the new one on the enqueuer's list. An older candle than the newest dispatched one is not
-- dispatched any more. Returns the id or null.
create or replace function candlewatch.add_dispatch(
  p_timeframe text,
  p_candle_at timestamptz,
  p_closes_at timestamptz
)
returns bigint
language plpgsql
set search_path = ''
as $$
declare
  v_id bigint;
  v_newest timestamptz;
begin
  select max(d.candle_at) into v_newest
  from candlewatch.dispatches as d
  where d.timeframe = p_timeframe and d.kind <> 'manual';
  if v_newest >= p_candle_at or not exists (
    select from public.trader_states as s
    join candlewatch.filters as f on f.id = s.filter_id
    where s.state = 'running' and f.timeframe = p_timeframe
  ) then
    return null;
  end if;
  perform candlewatch.count_missed(p_timeframe, v_newest, p_candle_at);
  perform candlewatch.plan_catch_up(p_timeframe, v_newest, p_candle_at);

  insert into candlewatch.dispatches (timeframe, candle_at, closes_at, revision, created_at)
  select p_timeframe, p_candle_at, p_closes_at, f.revision, candlewatch.now()
  from candlewatch.frames as f
  where f.timeframe = p_timeframe and f.open_time = p_candle_at
  on conflict do nothing
  returning id into v_id;

  with superseded as (
    update candlewatch.dispatches as d
    set superseded_at = candlewatch.now()
    where d.timeframe = p_timeframe and d.kind = 'scheduled' and d.superseded_at is null
      and d.candle_at < p_candle_at and v_id is not null
    returning d.id
  )
  insert into candlewatch.expiries (dispatch_id)
  select s.id from superseded as s
  on conflict do nothing;
  insert into candlewatch.enqueues (dispatch_id) select v_id where v_id is not null;
  return v_id;
end
$$;
comment on function candlewatch.add_dispatch(text, timestamptz, timestamptz) is
  'Dispatches a stored frame and supersedes older dispatches of its timeframe.';
