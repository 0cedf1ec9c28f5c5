-- sql/90_schedules.sql
-- Hands the tick to pg_cron, by name, so that running this again is harmless.
select candlewatch.schedule_ticks();
