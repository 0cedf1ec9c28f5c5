-- The next slots of a dispatch that is being enqueued, by tenant and trader, with their cost: the
-- filter's cost per hundred symbols of the trader's universe, at least one symbol.
create or replace function candlewatch.next_slots(
  p_enqueue candlewatch.enqueues,
  p_limit integer
)
returns candlewatch.verdict[]
language sql
stable
set search_path = ''
as $$
  select array_agg(row(
    null, n.account_id, p_enqueue.dispatch_id, n.trader_id, null, null, 0, 0, n.cost,
    'expired', 'a newer candle closed before this one was enqueued'
  )::candlewatch.verdict order by n.account_id, n.trader_id)
  from (
    select s.account_id, s.trader_id,
      f.cost * greatest(coalesce(bit_count(u.bits), 100), 1) / 100 as cost
    from public.trader_states as s
    join candlewatch.filters as f on f.id = s.filter_id
    join candlewatch.dispatches as d on d.id = p_enqueue.dispatch_id and d.timeframe = f.timeframe
    left join candlewatch.trader_memory as m on m.trader_id = s.trader_id
    left join candlewatch.universes as u on u.id = m.universe_id
    where s.state = 'running'
      and (s.account_id, s.trader_id) > (p_enqueue.after_account_id, p_enqueue.after_trader_id)
    order by s.account_id, s.trader_id
    limit p_limit
  ) as n
$$;
comment on function candlewatch.next_slots(candlewatch.enqueues, integer) is
  'The next slots of a dispatch that is being enqueued, in order.';
