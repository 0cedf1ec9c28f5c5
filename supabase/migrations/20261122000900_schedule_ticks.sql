-- sql/90_schedules.sql
-- Hands the tick to pg_cron, by name, so that running this again is harmless. Seconds need pg_cron
-- 1.5; an older one starts a procedure every minute that ticks until second 58.
do $$
declare
  v_version integer[];
  v_seconds integer;
begin
  -- Debian's says 1.4-1: major and minor number alone count.
  select string_to_array(substring(e.extversion from '^[0-9]+[.][0-9]+'), '.')::integer[]
  into v_version
  from pg_catalog.pg_extension as e
  where e.extname = 'pg_cron';
  select extract(epoch from s.every)::integer into v_seconds
  from candlewatch.schedules as s
  where s.name = 'tick';
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
