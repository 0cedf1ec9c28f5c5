-- What happens when a user appears and when one is deleted; users who were there before the first
-- migration get accounts as well.
create trigger user_gets_an_account
  after insert on auth.users
  for each row execute function candlewatch.create_account();

create trigger user_is_locked_in_order
  before delete on auth.users
  for each row execute function candlewatch.lock_user();

insert into public.accounts (id)
select u.id from auth.users as u
on conflict (id) do nothing;
