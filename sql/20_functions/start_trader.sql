-- Starts a trader, or tries one in error again. Returns its state.
create or replace function public.start_trader(
  p_trader uuid,
  p_version integer default null
)
returns jsonb
language sql
volatile
set search_path = ''
as $$
  select coalesce(candlewatch.take_call(), candlewatch.switch_trader(p_trader, true, p_version))
$$;

comment on function public.start_trader(uuid, integer) is
  'Starts a trader, if it still is at the given version; returns its state.';
