-- How it is going: what waits, what runs, and whether the exchange lets us.
select b.ready_slots, b.leased_jobs, b.retries, b.lateness, r.running_functions, e.sources
from monitor.backlog as b
cross join (select count(*) as running_functions from monitor.running_now) as r
cross join (
  select string_agg(x.source || ' ' || x.state, ', ' order by x.source) as sources
  from candlewatch.exchange_states as x
) as e;
