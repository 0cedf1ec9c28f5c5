-- Brings one account within its tier, under its lock. Stops what the tier does not allow at all,
-- then the newest traders over running_limit; then resumes, oldest first, what is enabled, allowed
-- and fits.
create or replace function candlewatch.review_quota(p_account uuid)
returns void
language plpgsql
set search_path = ''
as $$
declare
  v_tier public.tiers;
  v_room integer;
  v_group record;
  v_traders uuid[];
begin
  perform from public.accounts as a where a.id = p_account for no key update;
  select r.* into v_tier
  from public.accounts as a join public.tiers as r on r.name = a.tier where a.id = p_account;

  for v_group in
    select b.reason, array_agg(b.trader_id) as traders
    from candlewatch.traders_beyond_tier as b where b.account_id = p_account group by b.reason
  loop
    perform candlewatch.apply_events(v_group.traders, 'suspend', v_group.reason);
  end loop;

  select v_tier.running_limit - a.running_count into v_room
  from public.accounts as a where a.id = p_account;
  select array_agg(n.id) into v_traders
  from (
    select t.id from public.traders as t join public.trader_states as s on s.trader_id = t.id
    where t.account_id = p_account and s.state <> 'stopped'
    order by t.created_at desc, t.id desc
    limit greatest(-v_room, 0)
  ) as n;
  perform candlewatch.apply_events(v_traders, 'suspend', format(
    'over_quota: the %s tier runs at most %s traders at once (running_limit), the oldest',
    v_tier.name, v_tier.running_limit
  ));

  select array_agg(n.id) into v_traders
  from (
    select t.id from public.traders as t join public.trader_states as s on s.trader_id = t.id
    where t.account_id = p_account and t.enabled and s.state = 'stopped'
      and t.id not in (
        select b.trader_id from candlewatch.traders_beyond_tier as b where b.account_id = p_account
      )
    order by t.created_at, t.id
    limit greatest(v_room, 0)
  ) as n;
  perform candlewatch.apply_events(v_traders, 'start');
  perform candlewatch.settle_traders(v_traders);

  perform candlewatch.resolve_universes(array(
    select m.trader_id
    from candlewatch.trader_memory as m
    join candlewatch.universes as u on u.id = m.universe_id
    join public.trader_states as s on s.trader_id = m.trader_id
    where s.account_id = p_account and s.state <> 'stopped'
      and u.symbols_limit <> v_tier.symbols_limit
  ));
end
$$;

comment on function candlewatch.review_quota(uuid) is
  'Brings one account within its tier: stops the newest, resumes the oldest that fit.';
