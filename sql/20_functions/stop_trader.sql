-- Stops a trader: when this has committed it gives no more signals. Returns its state.
create or replace function public.stop_trader(
  p_trader uuid,
  p_version integer default null
)
returns jsonb
language sql
volatile
set search_path = ''
as $$
  select coalesce(candlewatch.take_call(), candlewatch.switch_trader(p_trader, false, p_version))
$$;

comment on function public.stop_trader(uuid, integer) is
  'Stops a trader, if it still is at the given version; returns its state.';
