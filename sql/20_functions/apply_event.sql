-- Applies an event to one trader and insists: a trader that is not there is CW004, a transition
-- that the table does not know is CW005.
create or replace function candlewatch.apply_event(
  p_trader uuid,
  p_event text,
  p_reason text default null
)
returns void
language plpgsql
set search_path = ''
as $$
declare
  v_state text;
begin
  if candlewatch.apply_events(array[p_trader], p_event, p_reason) = 1 then
    return;
  end if;
  select s.state into v_state from public.trader_states as s where s.trader_id = p_trader;
  if not found then
    perform candlewatch.refuse('CW004', format('there is no trader %s', p_trader),
      'list your traders and use an id from there');
  end if;
  perform candlewatch.refuse('CW005',
    format('a trader that is %s cannot have the event %s', v_state, left(p_event, 40)),
    'read its state again');
end
$$;

comment on function candlewatch.apply_event(uuid, text, text) is
  'Applies one lifecycle event to one trader; refuses what the transition table does not know.';
