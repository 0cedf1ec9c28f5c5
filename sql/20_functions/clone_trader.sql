-- Makes another trader like one of the caller's own; it is stopped unless p_enabled says otherwise.
-- Repeating the call with its idempotency key answers the same, whatever became of the first one.
create or replace function public.clone_trader(
  p_trader uuid,
  p_name text default null,
  p_enabled boolean default false,
  p_key text default null
)
returns jsonb
language plpgsql
set search_path = ''
as $$
declare
  v_answer jsonb;
  v_trader public.traders;
begin
  v_answer := coalesce(
    candlewatch.take_call(),
    candlewatch.recall_answer(p_key, jsonb_build_array(
      'clone_trader', p_trader, p_name, p_enabled
    ))
  );
  if v_answer is not null then
    return v_answer;
  end if;
  select t.* into v_trader from public.traders as t where t.id = p_trader;
  if not found then
    perform candlewatch.refuse('CW004', format('there is no trader %s', p_trader),
      'list your traders and use an id from there');
  end if;
  v_answer := candlewatch.insert_trader(
    coalesce(p_name, left('Copy of ' || v_trader.name, 100)), v_trader.filter,
    v_trader.timeframe, v_trader.universe, p_enabled, v_trader.emit,
    v_trader.cooldown_candles, v_trader.catch_up_candles
  );
  perform candlewatch.remember_answer(p_key, v_answer);
  return v_answer;
end
$$;

comment on function public.clone_trader(uuid, text, boolean, text) is
  'Makes another trader like one of your own, stopped unless asked otherwise.';
