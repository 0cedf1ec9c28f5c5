-- The frames of a timeframe from one open time to another, in order, as bytes for PostgREST to hand
-- out as they are: each as open time (int64 milliseconds), revision and number of positions
-- (int32), then the packed values; all big-endian. Definer: the worker may call this and may not
-- touch the tables.
create or replace function worker.load_frames(
  p_timeframe text,
  p_from timestamptz,
  p_to timestamptz
)
returns worker."application/octet-stream"
language sql
stable
security definer
set search_path = ''
as $$
  select coalesce(string_agg(
    candlewatch.bytes_of_time(f.open_time) || int4send(f.revision)
      || int4send(octet_length(f.packed) / 48) || f.packed,
    ''::bytea order by f.open_time
  ), '')
  from candlewatch.frames as f
  where f.timeframe = p_timeframe and f.open_time between p_from and p_to
$$;
comment on function worker.load_frames(text, timestamptz, timestamptz) is
  'The frames of a timeframe between two open times, as bytes.';
