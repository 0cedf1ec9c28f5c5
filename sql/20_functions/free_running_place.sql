-- Before a trader that is not stopped is deleted: frees its running place, under the account's
-- lock, which lock_account has taken (only who holds that moves a trader from or to stopped).
-- Before, since the account counts its running traders within its traders. Definer: users may not
-- write what it writes.
create or replace function candlewatch.free_running_place()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
  if exists (
    select from public.trader_states as s where s.trader_id = old.id and s.state <> 'stopped'
  ) then
    perform set_config('candlewatch.engine', 'on', true);
    update public.accounts as a
    set running_count = a.running_count - 1
    where a.id = old.account_id;
    perform set_config('candlewatch.engine', '', true);
    insert into candlewatch.quota_reviews (account_id)
    select a.id from public.accounts as a where a.id = old.account_id
    on conflict (account_id) do nothing;
  end if;
  return old;
end
$$;

comment on function candlewatch.free_running_place() is
  'Trigger: a deleted trader that was not stopped frees its running place.';
