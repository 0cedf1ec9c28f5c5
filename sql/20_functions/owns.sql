-- Whether the caller may act for an account: it is theirs, or they are an operator, that is, a role
-- that row level security lets pass anyway. A missing user id is nobody, not a trusted caller.
create or replace function candlewatch.owns(p_account uuid)
returns boolean
language sql
stable
set search_path = ''
as $$
  select coalesce(p_account = (select auth.uid()), false)
    or coalesce(
      (
        select r.rolbypassrls or r.rolsuper
        from pg_catalog.pg_roles as r
        where r.rolname = candlewatch.caller_role()
      ),
      false
    )
$$;

comment on function candlewatch.owns(uuid) is
  'Whether the caller is the account''s user, or an operator.';
