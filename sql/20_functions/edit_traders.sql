-- After traders were edited, on whatever path: binds changed texts to their filters, starts and
-- stops what was switched, and has changed universes resolved. Definer: users may not write what it
-- writes.
create or replace function candlewatch.edit_traders()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
declare
  v_edited uuid[];
  v_moved uuid[];
  v_started uuid[];
  v_stopped uuid[];
  v_enabled uuid[];
begin
  select
    array_agg(n.id) filter (where (n.filter, n.timeframe) is distinct from (o.filter, o.timeframe)),
    array_agg(n.id) filter (where n.universe is distinct from o.universe),
    array_agg(n.id) filter (where n.enabled and not o.enabled),
    array_agg(n.id) filter (where o.enabled and not n.enabled),
    array_agg(n.id) filter (where n.enabled)
  into v_edited, v_moved, v_started, v_stopped, v_enabled
  from edited as n
  join unedited as o on o.id = n.id
  where n is distinct from o;

  perform candlewatch.apply_events(v_stopped, 'stop') where v_stopped is not null;
  if v_edited is not null or v_moved is not null or v_started is not null then
    perform candlewatch.require_tier(v_enabled);
  end if;
  if v_edited is not null then
    v_edited := candlewatch.adopt_filters(v_edited);
    perform candlewatch.apply_events(v_edited, 'edit');
  end if;
  perform candlewatch.resolve_universes(v_moved) where v_moved is not null;
  perform candlewatch.apply_events(v_started, 'start') where v_started is not null;
  if v_edited is not null or v_started is not null then
    perform candlewatch.settle_traders(v_edited || v_started);
  end if;
  return null;
end
$$;

comment on function candlewatch.edit_traders() is
  'Trigger: edited traders are bound to their filters, started and stopped.';
