-- The one place that changes a trader's state. Locks the accounts when a running place may be taken
-- or freed (always before the states, so that nobody deadlocks), then the states in order; moves
-- those for which the transition table knows the event and leaves the others alone; counts running
-- places and refuses (CW003) when a start would take one too many. Returns how many moved.
create or replace function candlewatch.apply_events(
  p_traders uuid[],
  p_event text,
  p_reason text default null
)
returns integer
language plpgsql
set search_path = ''
as $$
declare
  v_moved uuid[];
begin
  if p_event in ('start', 'stop', 'suspend') then
    perform from public.accounts as a
    where a.id in (
      select s.account_id from public.trader_states as s where s.trader_id = any (p_traders)
    )
    order by a.id
    for no key update;
  end if;
  perform from public.trader_states as s
  where s.trader_id = any (p_traders)
  order by s.trader_id
  for update;
  if p_event in ('start', 'stop', 'suspend') then
    perform candlewatch.count_running(p_traders, p_event);
  end if;

  perform set_config('candlewatch.engine', 'on', true);
  with moved as (
    update public.trader_states as s
    set state = t.to_state,
      reason = case when t.to_state in ('error', 'stopped') then p_reason end,
      version = s.version + 1,
      changed_at = candlewatch.now()
    from candlewatch.transitions as t
    where s.trader_id = any (p_traders) and t.from_state = s.state and t.event = p_event
    returning s.trader_id
  )
  select coalesce(array_agg(m.trader_id order by m.trader_id), '{}') into v_moved from moved as m;
  perform set_config('candlewatch.engine', '', true);

  if p_event = 'start' then
    perform candlewatch.remember_start(m) from unnest(v_moved) as m;
  elsif p_event = 'edit' then
    update candlewatch.trader_memory as m
    set failure_count = 0
    where m.trader_id = any (v_moved) and m.failure_count <> 0;
  end if;
  return cardinality(v_moved);
end
$$;

comment on function candlewatch.apply_events(uuid[], text, text) is
  'The one place that changes traders'' states: applies an event to all of them that may have it.';
