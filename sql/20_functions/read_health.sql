-- Whether the system keeps up, in facts that a stranger may know: when the tick last ran, the
-- newest candle of each timeframe, and whether the market data sources let us. Definer: reads the
-- engine room.
create or replace function candlewatch.read_health()
returns jsonb
language sql
stable
security definer
set search_path = ''
as $$
  with newest as (
    select f.name, n.open_time + f.length_ms * interval '1 millisecond' as closed_at, f.length_ms
    from candlewatch.timeframes as f
    cross join lateral (
      select x.open_time
      from candlewatch.frames as x
      where x.timeframe = f.name
      order by x.open_time desc
      limit 1
    ) as n
  ),
  fact as (
    select
      (select s.last_at from candlewatch.schedules as s where s.name = 'tick') as tick_at,
      (select max(n.closed_at + (n.length_ms + 60000) * interval '1 millisecond') from newest as n)
        as due_at,
      coalesce((
        select jsonb_object_agg(n.name, n.closed_at) from newest as n
      ), '{}') as newest,
      coalesce((
        select jsonb_object_agg(e.source, e.state) from candlewatch.exchange_states as e
      ), '{}') as sources
  )
  select jsonb_build_object(
    'status', case
      when f.tick_at is null or f.tick_at < candlewatch.now() - interval '1 minute' then 'stopped'
      when f.due_at is null then 'starting'
      when f.due_at < candlewatch.market_now() then 'late'
      else 'ok'
    end,
    'tick_at', f.tick_at,
    'newest_candles_closed_at', f.newest,
    'sources', f.sources
  )
  from fact as f
$$;

comment on function candlewatch.read_health() is
  'Whether the system keeps up: last tick, newest candles, market data sources.';
