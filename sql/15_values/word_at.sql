-- The 64 bits of field p_field (0 open, 1 high, 2 low, 3 close, 4 volume, 5 quote volume) at
-- p_position of a packed frame; those of NaN where the frame ends before that position.
create or replace function candlewatch.word_at(
  p_packed bytea,
  p_field integer,
  p_position integer
)
returns bigint
language sql
immutable
begin atomic
  select case
    when p_position < pg_catalog.octet_length(p_packed) / 48 then
      ('x' || pg_catalog.encode(pg_catalog.substring(
        p_packed, (pg_catalog.octet_length(p_packed) / 48 * p_field + p_position) * 8 + 1, 8
      ), 'hex'))::bit(64)::bigint
    else 9221120237041090560
  end;
end;
comment on function candlewatch.word_at(bytea, integer, integer) is
  'Bits of one number in a packed frame: fields open, high, low, close, volume, quote volume are 0 to 5.';
