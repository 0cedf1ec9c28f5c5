-- Sends new signals to their owners' private channel of Supabase Realtime, one message for each
-- trader and candle; what an account makes in shadow is not sent. Exists as a trigger only where
-- Realtime does; everywhere else its news is read by polling. Definer: the functions' role may not
-- send messages itself.
create or replace function candlewatch.broadcast_signals()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
  perform realtime.send(m.payload, 'signals', 'account:' || m.account_id, true)
  from (
    select
      n.account_id,
      jsonb_build_object(
        'trader_id', n.trader_id, 'timeframe', n.timeframe, 'candle_at', n.candle_at,
        'signals', jsonb_agg(jsonb_build_object(
          'id', n.id, 'symbol', n.symbol, 'price', n.price, 'change_pct', n.change_pct,
          'volume', n.volume, 'values', n."values"
        ) order by n.id)
      ) as payload
    from written as n
    where not n.shadow
    group by n.account_id, n.trader_id, n.timeframe, n.candle_at
  ) as m;
  return null;
end
$$;

comment on function candlewatch.broadcast_signals() is
  'Trigger: sends new signals to their owners'' private Realtime channels.';
