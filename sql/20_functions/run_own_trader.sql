-- Has a running trader of the caller evaluated on the newest closed candle. Definer: writes the
-- queue.
create or replace function candlewatch.run_own_trader(p_trader uuid)
returns jsonb
language plpgsql
security definer
set search_path = ''
as $$
declare
  v_trader record;
begin
  select t.account_id, s.state into v_trader
  from public.traders as t
  join public.trader_states as s on s.trader_id = t.id
  where t.id = p_trader;
  if not found or not candlewatch.owns(v_trader.account_id) then
    perform candlewatch.refuse('CW004', format('there is no trader %s', p_trader),
      'list your traders and use an id from there');
  end if;
  if v_trader.state <> 'running' then
    perform candlewatch.refuse('CW005', format('a trader that is %s cannot be run', v_trader.state),
      'start it, wait until it is running, then run it');
  end if;
  return jsonb_build_object(
    'trader', p_trader,
    'dispatch', candlewatch.dispatch_manually(p_trader)
  );
end
$$;

comment on function candlewatch.run_own_trader(uuid) is
  'Has a running trader of the caller evaluated on the newest closed candle.';
