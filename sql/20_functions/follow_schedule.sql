-- Trigger: pg_cron's job follows the tick's row.
create or replace function candlewatch.follow_schedule()
returns trigger
language plpgsql
set search_path = ''
as $$
begin
  perform candlewatch.schedule_ticks();
  return null;
end
$$;
comment on function candlewatch.follow_schedule() is 'Trigger: pg_cron''s job follows the tick''s row.';
