-- Tells the owners of traders whose state changed, on their private channel of Supabase Realtime. Exists
-- as a trigger only where Realtime does; everywhere else its news is read by polling. Definer: whoever
-- changes a state need not be allowed to send messages.
create or replace function candlewatch.broadcast_states()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
  perform realtime.send(
    jsonb_build_object(
      'trader_id', n.trader_id, 'state', n.state, 'reason', n.reason, 'version', n.version,
      'changed_at', n.changed_at
    ),
    'state', 'account:' || n.account_id, true
  )
  from changed as n
  join unchanged as o on o.trader_id = n.trader_id
  where n.version <> o.version;
  return null;
end
$$;

comment on function candlewatch.broadcast_states() is
  'Trigger: sends changed states to their owners'' private Realtime channels.';
