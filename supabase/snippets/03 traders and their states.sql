-- Every trader with its state and, beside a wrong filter, what is wrong with it.
select t.name, s.state, s.reason, t.enabled, t.timeframe, t.filter, a.tier, s.changed_at,
  m.last_candle_at, t.id
from public.traders as t
join public.trader_states as s on s.trader_id = t.id
left join candlewatch.trader_memory as m on m.trader_id = t.id
join public.accounts as a on a.id = t.account_id
order by s.changed_at desc
limit 200;
