-- Makes another trader like one of the caller's own; it is stopped unless p_enabled says otherwise.
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
  v_trader public.traders;
begin
  select t.* into v_trader from public.traders as t where t.id = p_trader;
  if not found then
    perform candlewatch.refuse('CW004', format('there is no trader %s', p_trader),
      'list your traders and use an id from there');
  end if;
  return public.create_trader(
    coalesce(p_name, left('Copy of ' || v_trader.name, 100)), v_trader.filter,
    v_trader.timeframe, v_trader.universe, p_enabled, v_trader.emit,
    v_trader.cooldown_candles, v_trader.catch_up_candles, p_key
  );
end
$$;

comment on function public.clone_trader(uuid, text, boolean, text) is
  'Makes another trader like one of your own, stopped unless asked otherwise.';
