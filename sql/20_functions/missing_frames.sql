-- Open times from p_from to p_to, both included, of which no frame is stored.
create or replace function candlewatch.missing_frames(
  p_timeframe text,
  p_from timestamptz,
  p_to timestamptz
)
returns setof timestamptz
language sql
stable
set search_path = ''
as $$
  select g.open_time
  from generate_series(p_from, p_to, candlewatch.candle_length(p_timeframe)) as g (open_time)
  where not exists (
    select from candlewatch.frames as f
    where f.timeframe = p_timeframe and f.open_time = g.open_time
  )
$$;
comment on function candlewatch.missing_frames(text, timestamptz, timestamptz) is
  'Open times in a range of which no frame is stored.';
