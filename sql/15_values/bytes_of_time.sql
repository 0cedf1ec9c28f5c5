-- Milliseconds since the epoch of a time, as 8 bytes, big-endian: how a packed frame names its
-- candle.
create or replace function candlewatch.bytes_of_time(p_moment timestamptz)
returns bytea
language sql
immutable
begin atomic
  select pg_catalog.int8send((extract(epoch from p_moment) * 1000)::bigint);
end;
comment on function candlewatch.bytes_of_time(timestamptz) is
  'Milliseconds since the epoch as 8 bytes, big-endian.';
