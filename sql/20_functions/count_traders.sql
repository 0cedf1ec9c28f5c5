-- Counts new traders against their accounts' limits. The accounts are locked in order first, so
-- that the count is exact under any concurrency; one trader too many refuses (CW003) the whole
-- statement.
create or replace function candlewatch.count_traders(p_traders uuid[])
returns void
language plpgsql
set search_path = ''
as $$
declare
  v_over record;
begin
  perform from public.accounts as a
  where a.id in (select t.account_id from public.traders as t where t.id = any (p_traders))
  order by a.id
  for no key update;
  perform set_config('candlewatch.engine', 'on', true);
  with counted as (
    update public.accounts as a
    set trader_count = a.trader_count + n.traders
    from (
      select t.account_id, count(*) as traders
      from public.traders as t
      where t.id = any (p_traders)
      group by t.account_id
    ) as n
    where a.id = n.account_id
    returning a.tier, a.trader_count
  )
  select r.name, r.traders_limit into v_over
  from counted as c
  join public.tiers as r on r.name = c.tier
  where c.trader_count > r.traders_limit
  limit 1;
  perform set_config('candlewatch.engine', '', true);
  if v_over is not null then
    perform candlewatch.refuse('CW003',
      format(
        'the %s tier has at most %s traders (traders_limit)', v_over.name, v_over.traders_limit
      ),
      'delete a trader first, or change to a larger tier');
  end if;
end
$$;

comment on function candlewatch.count_traders(uuid[]) is
  'Counts new traders against their accounts'' limits; refuses one too many.';
