-- How many symbols that trade now have no known close in a packed frame.
create or replace function candlewatch.count_unknown(p_packed bytea)
returns integer
language sql
stable
set search_path = ''
as $$
  select count(*)::integer
  from public.symbols as s
  where s.trading
    and candlewatch.word_at(p_packed, 3, s.position) & 9218868437227405312 = 9218868437227405312
$$;
comment on function candlewatch.count_unknown(bytea) is
  'Trading symbols whose close a packed frame does not know.';
