-- Whether the system keeps up: "ok", "late" (candles are missing), "starting" (none yet) or
-- "stopped" (no tick for a minute), with the facts behind it.
create or replace function public.health()
returns jsonb
language sql
stable
set search_path = ''
as $$
  select candlewatch.read_health()
$$;

comment on function public.health() is
  'Whether the system keeps up: ok, late, starting or stopped, and why.';
