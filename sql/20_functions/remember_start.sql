-- A trader was started: it forgets what matched and failed before, so that what is true now fires
-- once, and its universe is resolved.
create or replace function candlewatch.remember_start(p_trader uuid)
returns void
language plpgsql
set search_path = ''
as $$
begin
  perform candlewatch.resolve_universe(p_trader);
  update candlewatch.trader_memory as m
  set matched = '', failure_count = 0
  where m.trader_id = p_trader and (m.matched <> '' or m.failure_count <> 0);
end
$$;
comment on function candlewatch.remember_start(uuid) is
  'Forgets a started trader''s matches and failures and resolves its universe.';
