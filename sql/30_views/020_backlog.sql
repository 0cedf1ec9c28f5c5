-- What waits, in one row: slots, jobs and the oldest candle that is not evaluated.
create or replace view monitor.backlog
with (security_invoker = on)
as
select
  (select count(*) from candlewatch.ready) as ready_jobs,
  (select coalesce(sum(cardinality(j.trader_ids)), 0) from candlewatch.ready as j) as ready_slots,
  (select count(*) from candlewatch.leased) as leased_jobs,
  (select count(*) from candlewatch.leases) as leases,
  (select count(*) from candlewatch.retries) as retries,
  (select count(*) from candlewatch.enqueues) as dispatches_to_enqueue,
  (select count(*) from candlewatch.expiries) as dispatches_to_expire,
  (
    select candlewatch.market_now() - min(d.closes_at)
    from candlewatch.dispatches as d
    where d.id in (select l.dispatch_id from monitor.live_slots as l)
  ) as lateness;
comment on view monitor.backlog is
  'What waits: jobs, slots, leases, retries, and how late the oldest waiting candle is.';
