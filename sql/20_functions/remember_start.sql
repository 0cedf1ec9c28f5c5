-- A trader was started: it forgets what matched before, so that what is true now fires once, and
-- its universe is resolved.
create or replace function candlewatch.remember_start(p_trader uuid)
returns void
language plpgsql
set search_path = ''
as $$
begin
  perform candlewatch.resolve_universe(p_trader);
  update candlewatch.trader_memory as m
  set matched = ''
  where m.trader_id = p_trader and m.matched <> '';
end
$$;
comment on function candlewatch.remember_start(uuid) is
  'Forgets a started trader''s matches and resolves its universe.';
