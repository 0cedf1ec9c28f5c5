-- Removes frames beyond those that are kept of their timeframe, oldest first, up to p_limit of
-- each.
create or replace function candlewatch.prune_frames(p_limit integer)
returns integer
language plpgsql
set search_path = ''
as $$
declare
  v_count integer;
begin
  delete from candlewatch.frames as f
  using (
    select o.timeframe, o.open_time
    from candlewatch.timeframes as t
    cross join lateral (
      select x.timeframe, x.open_time
      from candlewatch.frames as x
      where x.timeframe = t.name
        and x.open_time < candlewatch.candle_start(t.name, candlewatch.market_now())
          - t.kept_count * candlewatch.candle_length(t.name)
      order by x.open_time
      limit p_limit
    ) as o
  ) as o
  where f.timeframe = o.timeframe and f.open_time = o.open_time;
  get diagnostics v_count = row_count;
  return v_count;
end
$$;
comment on function candlewatch.prune_frames(integer) is
  'Removes the oldest frames beyond those that are kept.';
