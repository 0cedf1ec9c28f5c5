-- Hands an account's limits to the queue when the account appears or its tier changes, and has its
-- quota reviewed by the next tick. Definer: writes to the engine room.
create or replace function candlewatch.share_account_limits()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
  perform candlewatch.sync_tenant(new.id);
  if tg_op = 'UPDATE' then
    insert into candlewatch.quota_reviews (account_id) values (new.id)
    on conflict (account_id) do nothing;
  end if;
  return null;
end
$$;

comment on function candlewatch.share_account_limits() is
  'Trigger: an account''s limits reach the queue, and its quota is reviewed.';
