-- The role on whose behalf we run, also inside a definer function: PostgREST and "set role" set it,
-- else it is who logged in.
create or replace function candlewatch.caller_role()
returns text
language sql
stable
set search_path = ''
as $$
  select coalesce(nullif(current_setting('role', true), 'none'), session_user::text)
$$;

comment on function candlewatch.caller_role() is
  'The database role of the caller, also inside a security definer function.';
