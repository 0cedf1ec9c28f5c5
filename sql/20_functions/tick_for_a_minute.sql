-- Ticks every five seconds until second 58 of this minute, each in its own transaction: for pg_cron
-- before 1.5, which starts jobs by the minute. A call that starts late ends with the same minute. A
-- procedure that commits may not set a search_path: every name in it is qualified.
create or replace procedure candlewatch.tick_for_a_minute()
language plpgsql
as $$
begin
  loop
    perform candlewatch.tick();
    commit;
    exit when extract(second from pg_catalog.clock_timestamp()) >= 53;
    perform pg_catalog.pg_sleep(5 - extract(second from pg_catalog.clock_timestamp())::numeric % 5);
    exit when extract(second from pg_catalog.clock_timestamp()) >= 58;
  end loop;
end
$$;
comment on procedure candlewatch.tick_for_a_minute() is
  'Ticks until second 58, committing each time: for pg_cron without schedules in seconds.';
