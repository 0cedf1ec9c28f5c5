-- Creates a trader for the signed-in user and starts it unless p_enabled is false. Repeating the
-- call with the same idempotency key (p_key or the header) creates nothing and answers the same.
create or replace function public.create_trader(
  p_name text,
  p_filter text,
  p_timeframe text default '5m',
  p_universe jsonb default '{}',
  p_enabled boolean default true,
  p_emit text default 'on_entry',
  p_cooldown_candles integer default 0,
  p_catch_up_candles integer default 0,
  p_key text default null
)
returns jsonb
language plpgsql
set search_path = ''
as $$
declare
  v_answer jsonb;
begin
  v_answer := coalesce(
    candlewatch.take_call(),
    candlewatch.recall_answer(p_key, jsonb_build_array(
      p_name, p_filter, p_timeframe, p_universe, p_enabled, p_emit, p_cooldown_candles,
      p_catch_up_candles
    ))
  );
  if v_answer is not null then
    return v_answer;
  end if;
  v_answer := candlewatch.insert_trader(
    p_name, p_filter, p_timeframe, p_universe, p_enabled, p_emit, p_cooldown_candles,
    p_catch_up_candles
  );
  perform candlewatch.remember_answer(p_key, v_answer);
  return v_answer;
end
$$;

comment on function public.create_trader(
  text, text, text, jsonb, boolean, text, integer, integer, text
) is
  'Creates a trader and starts it; the same idempotency key creates it once.';
