-- Whose a new trader is when nobody says: the signed-in user's; in the dashboard and in psql, where
-- no user is signed in, the operator's. Null where there is neither.
create or replace function candlewatch.default_account()
returns uuid
language sql
stable
set search_path = ''
as $$
  select coalesce(
    auth.uid(),
    (
      select a.id
      from public.accounts as a
      where a.tier = 'operator'
      order by a.created_at, a.id
      limit 1
    )
  )
$$;

comment on function candlewatch.default_account() is
  'The signed-in user''s account, or the oldest of tier operator.';
