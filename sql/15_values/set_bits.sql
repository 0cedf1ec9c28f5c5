-- The positions of the bits that are set, from 0, in order. Made for strings with few of them: each
-- costs a search, where looking at every position costs the whole length.
create or replace function candlewatch.set_bits(p_bits bit varying)
returns setof integer
language plpgsql
immutable
set search_path = ''
rows 3
as $$
declare
  v_rest bit varying := p_bits;
  v_before integer := 0;
  v_next integer := position(b'1' in p_bits);
begin
  while v_next > 0 loop
    v_before := v_before + v_next;
    return next v_before - 1;
    v_rest := substring(v_rest from v_next + 1);
    v_next := position(b'1' in v_rest);
  end loop;
end
$$;
comment on function candlewatch.set_bits(bit varying) is
  'The positions of the bits that are set, from 0.';
