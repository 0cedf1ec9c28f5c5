-- How long after its close each candle of the last day was published and enqueued.
select l.timeframe, l.candle_at, l.published_after, l.enqueued_after, l.due_count, l.signal_count
from monitor.lateness as l
limit 200;
