-- Forgets everything of Candlewatch in a database: traders, signals, settings, its tables and functions;
-- only users stay. Run it as postgres, then push the migrations again:
--
--     psql "$DATABASE_URL" --file supabase/reset.sql
--     supabase db push --remote="$DATABASE_URL"
--
-- It does what `supabase db reset` cannot do from outside: that command asks for schemas that belong
-- to Supabase. There is no way back but a backup.

do $$
declare
  v_object record;
begin
  perform cron.unschedule(j.jobid) from cron.job as j where j.jobname like 'candlewatch-%';
  if to_regclass('realtime.messages') is not null then
    drop policy if exists owner_listens_to_own_channel on realtime.messages;
  end if;
  drop schema if exists monitor cascade;
  drop schema if exists worker cascade;
  drop schema if exists candlewatch cascade;
  -- In public everything that postgres owns, but for what belongs to an extension.
  for v_object in
    select format('drop %s if exists %s cascade', o.kind, o.name) as command
    from (
      select c.oid, 'pg_class'::regclass as catalog, c.oid::regclass::text as name,
        case c.relkind when 'v' then 'view' when 'S' then 'sequence' else 'table' end as kind
      from pg_catalog.pg_class as c
      where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p', 'v', 'S')
        and c.relowner = to_regrole(current_user) and not c.relispartition
      union all
      select f.oid, 'pg_proc'::regclass, f.oid::regprocedure::text, 'routine'
      from pg_catalog.pg_proc as f
      where f.pronamespace = 'public'::regnamespace and f.proowner = to_regrole(current_user)
    ) as o
    where not exists (
      select from pg_catalog.pg_depend as d
      where d.classid = o.catalog and d.objid = o.oid and d.deptype = 'e'
    )
  loop
    execute v_object.command;
  end loop;
  delete from supabase_migrations.schema_migrations;
end
$$;
