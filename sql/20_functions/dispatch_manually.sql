-- Has a running trader evaluated now on the newest frame of its timeframe: a dispatch of kind
-- manual with one slot. What the trader remembers of matches stays as it is. Refuses (CW004) when
-- there is no frame.
create or replace function candlewatch.dispatch_manually(p_trader uuid)
returns bigint
language plpgsql
set search_path = ''
as $$
declare
  v_id bigint;
  v_slots candlewatch.verdict[];
begin
  insert into candlewatch.dispatches (
    timeframe, candle_at, closes_at, kind, revision, created_at, enqueued_at
  )
  select n.timeframe, n.open_time, n.open_time + candlewatch.candle_length(n.timeframe), 'manual',
    n.revision, candlewatch.now(), candlewatch.now()
  from public.trader_states as s
  join candlewatch.filters as l on l.id = s.filter_id
  cross join lateral (
    select f.timeframe, f.open_time, f.revision
    from candlewatch.frames as f
    where f.timeframe = l.timeframe
    order by f.open_time desc
    limit 1
  ) as n
  where s.trader_id = p_trader and s.state = 'running'
  returning id into v_id;
  if v_id is null then
    perform candlewatch.refuse('CW004',
      format('trader %s does not run, or no candle of its timeframe has closed yet', p_trader),
      'start it and wait for the next candle');
  end if;
  select array_agg(row(
    null, s.account_id, v_id, s.trader_id, null, null, 0, 0, l.cost, null, null
  )::candlewatch.verdict)
  into v_slots
  from public.trader_states as s
  join candlewatch.filters as l on l.id = s.filter_id
  where s.trader_id = p_trader;
  insert into candlewatch.tallies (dispatch_id, due_count) values (v_id, 1);
  perform candlewatch.add_jobs(v_slots);
  perform candlewatch.wake('evaluate');
  return v_id;
end
$$;
comment on function candlewatch.dispatch_manually(uuid) is
  'Has a running trader evaluated now, on the newest closed candle.';
