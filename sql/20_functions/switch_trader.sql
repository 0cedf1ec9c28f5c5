-- Starts or stops one trader for the caller who owns it. It only sets traders.enabled, as the
-- dashboard does; starting one that is enabled and yet in error or stopped tries it again. With
-- p_version the switch happens only if the state is still the one that the caller has seen.
-- Definer: locks rows that users may only read.
create or replace function candlewatch.switch_trader(
  p_trader uuid,
  p_enabled boolean,
  p_version integer default null
)
returns jsonb
language plpgsql
security definer
set search_path = ''
as $$
declare
  v_account uuid;
  v_trader record;
begin
  select t.account_id into v_account
  from public.traders as t
  where t.id = p_trader and candlewatch.owns(t.account_id)
  for update;
  if not found then
    perform candlewatch.refuse('CW004', format('there is no trader %s', p_trader),
      'list your traders and use an id from there');
  end if;
  perform from public.accounts as a where a.id = v_account for no key update;
  select t.enabled, s.state, s.version into v_trader
  from public.traders as t
  join public.trader_states as s on s.trader_id = t.id
  where t.id = p_trader
  for update of s;
  if p_version <> v_trader.version then
    perform candlewatch.refuse('CW005',
      format('the trader is at version %s, not %s', v_trader.version, p_version),
      'read its state again, then decide');
  end if;

  if p_enabled <> v_trader.enabled then
    update public.traders as t set enabled = p_enabled where t.id = p_trader;
  elsif p_enabled and v_trader.state in ('error', 'stopped') then
    perform candlewatch.require_tier(array[p_trader]);
    perform candlewatch.forget_failed_check(p_trader);
    perform candlewatch.apply_event(p_trader, 'start');
    perform candlewatch.settle_traders(array[p_trader]);
  end if;
  return candlewatch.describe_trader(p_trader);
end
$$;

comment on function candlewatch.switch_trader(uuid, boolean, integer) is
  'Starts or stops a trader of the caller, at a version if one is given; returns its state.';
