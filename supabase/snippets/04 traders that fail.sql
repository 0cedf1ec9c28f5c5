-- Running traders whose last slots failed, and those in error.
select f.trader_id, f.failure_count, f.reason, f.ended_at
from monitor.failing_traders as f
union all
select s.trader_id, m.failure_count, s.reason, s.changed_at
from public.trader_states as s
left join candlewatch.trader_memory as m on m.trader_id = s.trader_id
where s.state = 'error'
order by 4 desc nulls last
limit 200;
