-- Adds the ingest task of the newest close, if traders need it and it was not added yet: the
-- shortest needed timeframe is fetched, the longer ones that close with it are derived. Older
-- ingest tasks that nobody holds expire: after an outage the newest candle alone is caught up with.
-- Returns whether one was added.
create or replace function candlewatch.plan_ingest()
returns boolean
language plpgsql
set search_path = ''
as $$
declare
  v_base text;
  v_closes_at timestamptz;
  v_timeframes jsonb;
  v_key text;
begin
  select n.timeframe into v_base
  from candlewatch.needed_timeframes() as n
  join candlewatch.timeframes as t on t.name = n.timeframe
  where exists (select from public.symbols as s where s.trading)
  order by t.length_ms
  limit 1;
  if not found then
    return false;
  end if;
  v_closes_at := candlewatch.candle_start(v_base, candlewatch.market_now());
  v_key := to_char(v_closes_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"');
  if exists (select from candlewatch.tasks as t where t.kind = 'ingest' and t.key = v_key) then
    return false;
  end if;
  update candlewatch.tasks as t
  set state = 'expired', ended_at = candlewatch.lease_clock(), lease_until = null,
    reason = 'a newer candle closed before this one was fetched'
  where t.kind = 'ingest' and t.state = 'ready';
  select jsonb_agg(n.timeframe order by t.length_ms) into v_timeframes
  from candlewatch.needed_timeframes() as n
  join candlewatch.timeframes as t on t.name = n.timeframe
  where candlewatch.candle_start(n.timeframe, v_closes_at) = v_closes_at;
  perform candlewatch.add_task('ingest', v_key, jsonb_build_object(
    'closes_at', v_closes_at, 'base', v_base, 'timeframes', v_timeframes
  ), 0, 100);
  return true;
end
$$;
comment on function candlewatch.plan_ingest() is
  'Adds the ingest task of the newest close, if traders need it.';
