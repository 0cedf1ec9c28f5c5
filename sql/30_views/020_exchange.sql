-- What each source of market data lets us do now.
create or replace view monitor.exchange
with (security_invoker = on)
as
select e.source, e.state, e.retry_at, e.note, e.changed_at, e.weight_limit,
  case when e.minute_at = date_trunc('minute', candlewatch.lease_clock()) then e.weight_used else 0 end
    as weight_used
from candlewatch.exchange_states as e;
comment on view monitor.exchange is
  'Each source of market data: open or refusing us, until when, and the weight used this minute.';
