-- Every invariant that SQL can see, as rows that must not be: read after every step of the tests
-- and every five minutes in operation. One statement, so one snapshot.
create or replace view monitor.violations
with (security_invoker = on)
as
select b.invariant, b.subject, b.detail from monitor.broken_accounts as b
union all
select b.invariant, b.subject, b.detail from monitor.broken_candles as b
union all
select b.invariant, b.subject, b.detail from monitor.broken_leases as b
union all
select b.invariant, b.subject, b.detail from monitor.broken_counts as b
union all
select b.invariant, b.subject, b.detail from monitor.broken_signals as b
union all
select b.invariant, b.subject, b.detail from monitor.broken_quotas as b;
comment on view monitor.violations is
  'Invariants that do not hold. Must be empty; the tick keeps what it finds in candlewatch.findings.';
