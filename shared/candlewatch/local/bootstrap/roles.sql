-- The roles of a Supabase project, once per cluster; what is there stays as it is. Runs as a superuser.
-- Source: github.com/supabase/postgres, migrations/db/init-scripts; roles and their attributes.

do $$
declare
  v_role text;
begin
  foreach v_role in array array[
    'anon nologin noinherit',
    'authenticated nologin noinherit',
    'service_role nologin noinherit bypassrls',
    'authenticator login noinherit',
    'supabase_auth_admin nologin noinherit createrole',
    -- Migrations run as this role: it may make roles and databases and see through row level
    -- security, and it is no superuser.
    'postgres login createrole createdb bypassrls replication'
  ] loop
    if to_regrole(split_part(v_role, ' ', 1)) is null then
      execute 'create role ' || v_role;
    end if;
  end loop;
end
$$;

grant anon, authenticated, service_role to authenticator;
grant anon, authenticated, service_role, authenticator to postgres with admin option;
grant pg_monitor, pg_read_all_data, pg_signal_backend to postgres;

alter role postgres set search_path to "$user", public, extensions;
alter role anon set statement_timeout to '3s';
alter role authenticated set statement_timeout to '8s';
alter role authenticator set statement_timeout to '8s';
alter role authenticator set lock_timeout to '8s';

-- There postgres may change PostgREST's settings (supautils: privileged_role_allowed_configs).
grant set on parameter pgrst.db_pre_request to postgres;
