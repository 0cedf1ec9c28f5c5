-- What is wrong with a universe, as a sentence; null when nothing is. Symbols that the exchange
-- does not list are no problem here: they may be listed later.
create or replace function candlewatch.universe_problem(p_universe jsonb)
returns text
language plpgsql
immutable
set search_path = ''
as $$
declare
  v_key text;
begin
  if jsonb_typeof(p_universe) is distinct from 'object' then
    return 'a universe is an object such as {"symbols": ["BTCUSDT"]}';
  end if;
  select k into v_key from jsonb_object_keys(p_universe) as k
  where k not in ('symbols', 'top', 'quote', 'exclude') order by k limit 1;
  if found then
    return format('a universe has symbols, top, quote and exclude, not %s', left(v_key, 40));
  end if;
  if p_universe ? 'symbols' and p_universe ? 'top' then
    return 'a universe has either symbols or top, not both';
  end if;
  foreach v_key in array array['symbols', 'exclude'] loop
    if p_universe ? v_key and (
      jsonb_typeof(p_universe -> v_key) <> 'array'
      or jsonb_path_exists(p_universe -> v_key, '$[*] ? (@.type() != "string")')
    ) then
      return format('%s of a universe is a list of names such as ["BTCUSDT"]', v_key);
    end if;
  end loop;
  if p_universe -> 'symbols' = '[]'::jsonb then
    return 'symbols of a universe names at least one symbol; leave it out for all';
  end if;
  if p_universe ? 'top' and (
    jsonb_typeof(p_universe -> 'top') <> 'number'
    or (p_universe ->> 'top') !~ '^[1-9][0-9]{0,4}$'
  ) then
    return 'top of a universe is a whole number of at least 1';
  end if;
  if p_universe ? 'quote' and coalesce(p_universe ->> 'quote', '') !~ '^[A-Z0-9]{2,10}$' then
    return 'quote of a universe is an asset such as USDT';
  end if;
  return null;
end
$$;

comment on function candlewatch.universe_problem(jsonb) is
  'What is wrong with a universe, as a sentence, or null.';
