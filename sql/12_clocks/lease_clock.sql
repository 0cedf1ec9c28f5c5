-- The time at this very moment, for leases: a lease written with the start of the transaction,
-- after a wait for a lock, could be born expired. Tests replace its body.
create or replace function candlewatch.lease_clock()
returns timestamptz
language sql
volatile
begin atomic
  select pg_catalog.clock_timestamp();
end;
comment on function candlewatch.lease_clock() is
  'The time at this very moment, read after the locks: leases and back-off are measured by it.';
