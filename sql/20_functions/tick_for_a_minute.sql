-- Ticks as often as schedules says until second 58 of this minute, each in its own transaction: for
-- pg_cron before 1.5, which starts jobs by the minute. A tick that fails ends nothing but itself; a
-- call that starts late ends with the same minute. A procedure that commits may not set a
-- search_path: every name in it is qualified.
create or replace procedure candlewatch.tick_for_a_minute()
language plpgsql
as $$
declare
  v_every numeric;
  v_second numeric;
begin
  loop
    begin
      perform candlewatch.tick();
    exception
      when others then
        raise warning 'the tick failed: % (%)', sqlerrm, sqlstate;
    end;
    commit;
    select extract(epoch from s.every) into v_every
    from candlewatch.schedules as s
    where s.name = 'tick' and s.enabled;
    v_second := extract(second from pg_catalog.clock_timestamp());
    exit when v_every is null or v_second - v_second % v_every + v_every >= 58;
    perform pg_catalog.pg_sleep((v_every - v_second % v_every)::double precision);
  end loop;
end
$$;
comment on procedure candlewatch.tick_for_a_minute() is
  'Ticks until second 58, committing each time: for pg_cron without schedules in seconds.';
