-- After traders were deleted and before what belongs to them goes: frees their places in the
-- accounts' counts. All traders of the statement are locked by now; the accounts and then the states
-- are locked here, each in order, as everybody does: a lock of the account before each trader would
-- deadlock with whoever starts the next one, and the cascades take states as they come. The first
-- row does it for all. Definer: users may not write what it writes.
create or replace function candlewatch.drop_traders()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
declare
  v_traders uuid[];
  v_accounts uuid[];
begin
  if old.id <> (select d.id from dropped as d limit 1) then
    return null;
  end if;
  select array_agg(d.id), array_agg(distinct d.account_id) into v_traders, v_accounts
  from dropped as d;
  perform from public.accounts as a
  where a.id = any (v_accounts)
  order by a.id
  for no key update;
  perform from public.trader_states as s
  where s.trader_id = any (v_traders)
  order by s.trader_id
  for update;

  perform set_config('candlewatch.engine', 'on', true);
  with counted as (
    update public.accounts as a
    set trader_count = a.trader_count - n.traders, running_count = a.running_count - n.running
    from (
      select s.account_id, count(*) as traders,
        count(*) filter (where s.state <> 'stopped') as running
      from public.trader_states as s
      where s.trader_id = any (v_traders)
      group by s.account_id
    ) as n
    where a.id = n.account_id
    returning a.id, n.running
  )
  insert into candlewatch.quota_reviews (account_id)
  select c.id from counted as c where c.running > 0
  on conflict (account_id) do nothing;
  perform set_config('candlewatch.engine', '', true);
  return null;
end
$$;

comment on function candlewatch.drop_traders() is
  'Trigger: deleted traders free their places, in the order of locks that everybody keeps.';
