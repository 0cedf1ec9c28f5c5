-- The timeframes that traders which run or start need, with the most candles that one of them asks
-- for: the filters' own and those that they reach with at().
create or replace function candlewatch.needed_timeframes(
  out timeframe text,
  out candles integer
)
returns setof record
language sql
stable
set search_path = ''
as $$
  select n.timeframe, max(n.candles)::integer
  from candlewatch.filters as f
  cross join lateral (
    select f.timeframe, 1 as candles
    union all
    select e.key, e.value::integer from jsonb_each_text(f.needs) as e
  ) as n (timeframe, candles)
  where exists (
    select from public.trader_states as s
    where s.filter_id = f.id and s.state in ('running', 'starting')
  )
  and n.timeframe in (select t.name from candlewatch.timeframes as t)
  group by n.timeframe
$$;
comment on function candlewatch.needed_timeframes() is
  'Timeframes that running and starting traders need, and how many candles of each.';
