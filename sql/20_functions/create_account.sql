-- Gives every new user an account. Definer: the role that inserts users may not write to public.
create or replace function candlewatch.create_account()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
  insert into public.accounts (id) values (new.id) on conflict (id) do nothing;
  return null;
end
$$;

comment on function candlewatch.create_account() is 'Trigger: a new user gets an account.';
