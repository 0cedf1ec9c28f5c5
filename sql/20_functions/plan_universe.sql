-- Adds the refresh of the exchange's list of symbols for this hour, before everything else.
create or replace function candlewatch.plan_universe()
returns bigint
language sql
volatile
set search_path = ''
as $$
  select candlewatch.add_task(
    'universe', to_char(candlewatch.lease_clock() at time zone 'UTC', 'YYYY-MM-DD"T"HH24'), '{}', -10
  )
$$;
comment on function candlewatch.plan_universe() is
  'Adds this hour''s refresh of the exchange''s list of symbols.';
