-- The last signals of everybody, with the values that made them fire.
select s.created_at, t.name, s.symbol, s.timeframe, s.candle_at, s.price, s.change_pct, s."values"
from public.signals as s
join public.traders as t on t.id = s.trader_id
where s.candle_at > now() - interval '2 days'
order by s.id desc
limit 200;
