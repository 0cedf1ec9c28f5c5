-- The tables and functions of pg_cron 1.6 as callers see them. The bridge reads cron.job, runs what is
-- due and writes cron.job_run_details.
-- Source: github.com/citusdata/pg_cron, README and pg_cron--*.sql.

create schema cron;
grant usage on schema cron to public;

create sequence cron.jobid_seq;
create sequence cron.runid_seq;
grant usage on sequence cron.jobid_seq, cron.runid_seq to public;

create table cron.job (
  jobid bigint primary key default pg_catalog.nextval('cron.jobid_seq'),
  schedule text not null,
  command text not null,
  nodename text not null default 'localhost',
  nodeport int default pg_catalog.inet_server_port(),
  database text not null default pg_catalog.current_database(),
  username text not null default current_user,
  active boolean not null default true,
  jobname text,
  constraint jobname_username_uniq unique (jobname, username)
);
alter table cron.job enable row level security;
create policy cron_job_policy on cron.job using (username = current_user);
grant select, insert, update, delete on cron.job to public;

create table cron.job_run_details (
  jobid bigint,
  runid bigint primary key default pg_catalog.nextval('cron.runid_seq'),
  job_pid int,
  database text,
  username text,
  command text,
  status text,
  return_message text,
  start_time timestamptz,
  end_time timestamptz
);
alter table cron.job_run_details enable row level security;
create policy cron_job_run_details_policy on cron.job_run_details using (username = current_user);
grant select, delete on cron.job_run_details to public;

create function cron.check_schedule(p_schedule text) returns void
language plpgsql immutable
as $$
begin
  if p_schedule ~* '^\s*([1-9]|[1-5][0-9])\s+seconds?\s*$' then
    return;
  end if;
  if p_schedule ~* '^\s*@(yearly|annually|monthly|weekly|daily|midnight|hourly)\s*$' then
    return;
  end if;
  if p_schedule !~ '^\s*[0-9*,/$a-zA-Z-]+(\s+[0-9*,/$a-zA-Z-]+){4}\s*$' then
    raise exception 'invalid schedule: %', p_schedule
      using hint = 'Use cron format (e.g. 5 4 * * *), or interval format ''[1-59] seconds''';
  end if;
end
$$;

create function cron.schedule(schedule text, command text) returns bigint
language plpgsql
as $$
declare
  v_id bigint;
begin
  perform cron.check_schedule(schedule.schedule);
  insert into cron.job (schedule, command)
  values (schedule.schedule, schedule.command)
  returning jobid into v_id;
  return v_id;
end
$$;

create function cron.schedule(job_name text, schedule text, command text) returns bigint
language plpgsql
as $$
declare
  v_id bigint;
begin
  perform cron.check_schedule(schedule.schedule);
  insert into cron.job (jobname, schedule, command)
  values (schedule.job_name, schedule.schedule, schedule.command)
  on conflict on constraint jobname_username_uniq
  do update set schedule = excluded.schedule, command = excluded.command, active = true
  returning jobid into v_id;
  return v_id;
end
$$;

create function cron.unschedule(job_id bigint) returns boolean
language plpgsql
as $$
begin
  delete from cron.job as job where job.jobid = unschedule.job_id;
  if not found then
    raise exception 'could not find valid entry for job ''%''', job_id;
  end if;
  return true;
end
$$;

create function cron.unschedule(job_name text) returns boolean
language plpgsql
as $$
begin
  delete from cron.job as job
  where job.jobname = unschedule.job_name and job.username = current_user;
  if not found then
    raise exception 'could not find valid entry for job ''%''', job_name;
  end if;
  return true;
end
$$;

create function cron.alter_job(
  job_id bigint,
  schedule text default null,
  command text default null,
  database text default null,
  username text default null,
  active boolean default null
) returns void
language plpgsql
as $$
begin
  if alter_job.schedule is not null then
    perform cron.check_schedule(alter_job.schedule);
  end if;
  update cron.job as job
  set
    schedule = coalesce(alter_job.schedule, job.schedule),
    command = coalesce(alter_job.command, job.command),
    database = coalesce(alter_job.database, job.database),
    username = coalesce(alter_job.username, job.username),
    active = coalesce(alter_job.active, job.active)
  where job.jobid = alter_job.job_id;
  if not found then
    raise exception 'Job % does not exist or you don''t own it', job_id;
  end if;
end
$$;
