-- After traders were inserted, on whatever path: counts them against their accounts' limits, binds
-- them to their filters and starts those that are enabled. Definer: users may not write what it
-- writes.
create or replace function candlewatch.add_traders()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
declare
  v_all uuid[];
  v_enabled uuid[];
begin
  select array_agg(n.id), array_agg(n.id) filter (where n.enabled) into v_all, v_enabled
  from added as n;
  if v_all is null then
    return null;
  end if;
  perform candlewatch.count_traders(v_all);
  perform candlewatch.adopt_filters(v_all);
  perform candlewatch.require_tier(v_enabled);
  perform candlewatch.apply_events(v_enabled, 'start');
  perform candlewatch.settle_traders(v_all);
  return null;
end
$$;

comment on function candlewatch.add_traders() is
  'Trigger: new traders are counted, bound to their filters and started.';
