-- What a trader is doing and why, and what is known of its filter.
create or replace function public.trader_status(p_trader uuid)
returns jsonb
language sql
stable
set search_path = ''
as $$
  select candlewatch.read_trader(p_trader)
$$;

comment on function public.trader_status(uuid) is
  'What a trader is doing and why, with its filter''s needs or problems.';
