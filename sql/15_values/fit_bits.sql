-- p_bits with exactly p_length bits: cut, or filled with zeros behind.
create or replace function candlewatch.fit_bits(p_bits bit varying, p_length integer)
returns bit varying
language sql
immutable
begin atomic
  select pg_catalog."bit"(p_bits, p_length, true)::bit varying;
end;
comment on function candlewatch.fit_bits(bit varying, integer) is
  'A bit string cut or filled with zeros to a length.';
