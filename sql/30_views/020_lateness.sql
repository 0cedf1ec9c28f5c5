-- How long after the close each of the last dispatches was published and enqueued.
create or replace view monitor.lateness
with (security_invoker = on)
as
select d.id, d.timeframe, d.candle_at, d.kind, d.created_at - d.closes_at as published_after,
  d.enqueued_at - d.closes_at as enqueued_after, d.due_count, d.signal_count
from monitor.dispatches as d
where d.closes_at > candlewatch.market_now() - interval '1 day'
order by d.id desc;
comment on view monitor.lateness is
  'How long after the close each dispatch of the last day was published and enqueued.';
