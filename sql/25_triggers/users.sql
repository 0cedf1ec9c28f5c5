-- What happens when a user appears; users who were there before the first migration get accounts as
-- well.
create trigger user_gets_an_account
  after insert on auth.users
  for each row execute function candlewatch.create_account();

insert into public.accounts (id)
select u.id from auth.users as u
on conflict (id) do nothing;
