-- sql/00_schema.sql
-- The four schemas, the role of the functions, and a clean slate of privileges.
--
-- public       what users and the dashboard see: configuration, states, signals; all with row level
--              security
-- worker       the calls that functions make; candlewatch_worker alone may enter
-- candlewatch  the engine room: never exposed
-- monitor      views for the operator
--
-- Runs as postgres, which is no superuser. Every grant stands in 80_grants.sql, role by role; this
-- file only takes away what Postgres and Supabase give by default.

-- Functions call one another freely; their bodies are checked by the tests, over the finished
-- schema.
set local check_function_bodies = off;

create extension if not exists pgcrypto with schema extensions;
create extension if not exists pg_cron with schema pg_catalog;
create extension if not exists pg_net with schema extensions;
create extension if not exists supabase_vault with schema vault;

create schema candlewatch;
create schema worker;
create schema monitor;

comment on schema candlewatch is 'The engine room: what no request reaches directly.';
comment on schema worker is 'The calls of the functions; only candlewatch_worker may execute them.';
comment on schema monitor is 'Views for the operator: what runs, what is late, what must never be.';

do $$
begin
  if not exists (select from pg_catalog.pg_roles as r where r.rolname = 'candlewatch_worker') then
    create role candlewatch_worker nologin noinherit nobypassrls;
  end if;
end
$$;

grant candlewatch_worker to authenticator;

-- Nobody executes or reads anything that 80_grants.sql does not name.
alter default privileges revoke execute on functions from public;
alter default privileges in schema public
  revoke all on tables from anon, authenticated, service_role;
alter default privileges in schema public
  revoke all on sequences from anon, authenticated, service_role;
alter default privileges in schema public
  revoke all on functions from anon, authenticated, service_role;
