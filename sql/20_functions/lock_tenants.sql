-- Locks tenants in one order, whoever asks, so that verbs wait for each other and never deadlock.
create or replace function candlewatch.lock_tenants(p_accounts uuid[])
returns void
language plpgsql
set search_path = ''
set enable_seqscan = off
as $$
begin
  perform from candlewatch.tenants as t
  where t.account_id = any (p_accounts)
  order by t.account_id
  for no key update;
end
$$;
comment on function candlewatch.lock_tenants(uuid[]) is 'Locks tenants in the order of their ids.';
