-- Hands changed figures of a tier to all its accounts, and has their quotas reviewed by the next
-- ticks. Definer: writes to the engine room.
create or replace function candlewatch.share_tier_limits()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
  perform candlewatch.sync_tenant(a.id)
  from (select x.id from public.accounts as x where x.tier = new.name order by x.id) as a;
  insert into candlewatch.quota_reviews (account_id)
  select a.id from public.accounts as a where a.tier = new.name order by a.id
  on conflict (account_id) do nothing;
  return null;
end
$$;

comment on function candlewatch.share_tier_limits() is
  'Trigger: changed figures of a tier reach its accounts.';
