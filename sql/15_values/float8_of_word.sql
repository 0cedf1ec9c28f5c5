-- The IEEE 754 double whose bits these are, exactly, infinities and NaN included. A plain
-- expression, so that it is inlined; the conversion from bytes to numbers exists in no Postgres
-- before 18.
create or replace function candlewatch.float8_of_word(p_word bigint)
returns float8
language sql
immutable
begin atomic
  select case
    when (p_word >> 52) & 2047 = 2047 and p_word & 4503599627370495 <> 0 then 'NaN'::float8
    when (p_word >> 52) & 2047 = 2047 and p_word < 0 then '-Infinity'::float8
    when (p_word >> 52) & 2047 = 2047 then 'Infinity'::float8
    when (p_word >> 52) & 2047 = 0 then
      case when p_word < 0 then -1 else 1 end::float8
      * (p_word & 4503599627370495)::float8 * pg_catalog.power(2::float8, -1074::float8)
    else
      case when p_word < 0 then -1 else 1 end::float8
      * ((p_word & 4503599627370495) | 4503599627370496)::float8
      * pg_catalog.power(2::float8, (((p_word >> 52) & 2047) - 1075)::float8)
  end;
end;
comment on function candlewatch.float8_of_word(bigint) is
  'The IEEE 754 double with these 64 bits, exactly.';
