-- Before a user is deleted: locks what goes with it, in the order that everybody keeps (traders, the
-- account, states, the tenant), since the deletions that follow by foreign keys begin with the
-- account and take traders as they come. Definer: who deletes users may not touch these.
create or replace function candlewatch.lock_user()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
  perform from public.traders as t where t.account_id = old.id order by t.id for update;
  perform from public.accounts as a where a.id = old.id for update;
  perform from public.trader_states as s
  where s.account_id = old.id
  order by s.trader_id
  for update;
  perform candlewatch.lock_tenants(array[old.id]);
  return old;
end
$$;

comment on function candlewatch.lock_user() is
  'Trigger: before a user is deleted, what goes with it is locked in everybody''s order.';
