-- Stores what traders remember after slots; a manual run leaves the memory alone.
create or replace function candlewatch.remember_matches(p_entries candlewatch.entry[])
returns void
language plpgsql
set search_path = ''
as $$
begin
  update candlewatch.trader_memory as m
  set matched = e.matched
  from unnest(p_entries) as e
  join candlewatch.dispatches as d on d.id = e.dispatch_id
  where m.trader_id = e.trader_id and e.is_changed and d.kind <> 'manual';
end
$$;
comment on function candlewatch.remember_matches(candlewatch.entry[]) is
  'Stores which symbols matched on the last candle, for judging entries on the next.';
