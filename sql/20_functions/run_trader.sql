-- Evaluates a trader now, on the newest closed candle, whatever its schedule; its memory of what
-- matched stays as it is.
create or replace function public.run_trader(p_trader uuid)
returns jsonb
language sql
volatile
set search_path = ''
as $$
  select coalesce(candlewatch.take_call(), candlewatch.run_own_trader(p_trader))
$$;

comment on function public.run_trader(uuid) is
  'Evaluates a trader now, on the newest closed candle.';
