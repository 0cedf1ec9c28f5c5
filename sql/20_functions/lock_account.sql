-- Before a trader is deleted its account is locked, since everybody locks accounts before states.
-- Definer: users may not lock what they may only read.
create or replace function candlewatch.lock_account()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
  perform from public.accounts as a where a.id = old.account_id for no key update;
  return old;
end
$$;

comment on function candlewatch.lock_account() is
  'Trigger: a trader''s account is locked before the trader is deleted.';
