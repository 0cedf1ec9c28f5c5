-- Inserts one trader as the caller, with the caller's rights, and says what the API says of it.
create or replace function candlewatch.insert_trader(
  p_name text,
  p_filter text,
  p_timeframe text,
  p_universe jsonb,
  p_enabled boolean,
  p_emit text,
  p_cooldown_candles integer,
  p_catch_up_candles integer
)
returns jsonb
language plpgsql
set search_path = ''
as $$
declare
  v_trader uuid;
begin
  insert into public.traders (
    name, filter, timeframe, universe, enabled, emit, cooldown_candles, catch_up_candles
  ) values (
    p_name, p_filter, p_timeframe, p_universe, p_enabled, p_emit, p_cooldown_candles,
    p_catch_up_candles
  )
  returning id into v_trader;
  return candlewatch.read_trader(v_trader);
end
$$;

comment on function candlewatch.insert_trader(
  text, text, text, jsonb, boolean, text, integer, integer
) is
  'Inserts one trader as the caller and says what the API says of it.';
