-- Makes pg_cron's job what the tick's row in schedules says, by its name, so that repeating it is
-- harmless: its interval where pg_cron knows seconds (1.5), else a job a minute that ticks until its
-- end, and no job while the tick is disabled. Other jobs are left alone. Definer: the job belongs to
-- the owner of the system, whoever edits the row.
create or replace function candlewatch.schedule_ticks()
returns void
language plpgsql
security definer
set search_path = ''
as $$
declare
  v_version integer[];
  v_seconds integer;
begin
  select extract(epoch from s.every)::integer into v_seconds
  from candlewatch.schedules as s
  where s.name = 'tick' and s.enabled;
  if not found then
    perform cron.unschedule(j.jobid)
    from cron.job as j
    where j.jobname = 'candlewatch-tick' and j.username = current_user;
    return;
  end if;
  -- Debian's says 1.4-1: major and minor number alone count.
  select string_to_array(substring(e.extversion from '^[0-9]+[.][0-9]+'), '.')::integer[]
  into v_version
  from pg_catalog.pg_extension as e
  where e.extname = 'pg_cron';
  if v_version >= array[1, 5] then
    perform cron.schedule(
      'candlewatch-tick', format('%s seconds', v_seconds), 'select candlewatch.tick()'
    );
  else
    perform cron.schedule(
      'candlewatch-tick', '* * * * *', 'call candlewatch.tick_for_a_minute()'
    );
  end if;
end
$$;
comment on function candlewatch.schedule_ticks() is
  'Makes pg_cron''s job what the tick''s row in schedules says. Harmless to repeat.';
