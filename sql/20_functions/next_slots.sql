-- The next slots of a dispatch that is being enqueued, by tenant and trader, with their cost: the
-- filter's cost per hundred symbols of the trader's universe, at least one symbol. Where a catch_up
-- dispatch of the same candle exists, traders that catch up are in that one and in no other. Slots
-- that come too late have their outcome already.
create or replace function candlewatch.next_slots(
  p_enqueue candlewatch.enqueues,
  p_limit integer
)
returns candlewatch.verdict[]
language sql
stable
set search_path = ''
as $$
  with dispatch as materialized (
    select d.*, d.kind = 'catch_up' as is_catch_up,
      exists (
        select from candlewatch.dispatches as c
        where c.timeframe = d.timeframe and c.candle_at = d.candle_at and c.kind = 'catch_up'
      ) as is_split,
      candlewatch.candles_after(d.timeframe, d.candle_at) as newer
    from candlewatch.dispatches as d
    where d.id = p_enqueue.dispatch_id
  )
  select array_agg(row(
    null, n.account_id, p_enqueue.dispatch_id, n.trader_id, null, null, 0, 0, n.cost,
    case when n.reason is not null then 'expired' end, n.reason
  )::candlewatch.verdict order by n.account_id, n.trader_id)
  from (
    select s.account_id, s.trader_id,
      f.cost * greatest(coalesce(bit_count(u.bits), 100), 1) / 100 as cost,
      case
        when d.superseded_at is not null and d.is_catch_up then
          'the candle was missed and could not be fetched in time'
        when d.superseded_at is not null then
          'a newer candle closed before this one was enqueued'
        when d.is_catch_up and greatest(t.catch_up_candles, 1) < d.newer then
          'more candles were missed than the trader catches up with'
      end as reason
    from public.trader_states as s
    join candlewatch.filters as f on f.id = s.filter_id
    join dispatch as d on d.timeframe = f.timeframe
    left join lateral (
      select w.catch_up_candles from public.traders as w where w.id = s.trader_id and d.is_split
    ) as t on true
    left join candlewatch.trader_memory as m on m.trader_id = s.trader_id
    left join candlewatch.universes as u on u.id = m.universe_id
    where s.state = 'running'
      and (s.account_id, s.trader_id) > (p_enqueue.after_account_id, p_enqueue.after_trader_id)
      and (not d.is_split or (t.catch_up_candles > 0) = d.is_catch_up)
      and (
        not d.is_catch_up or t.catch_up_candles >= d.candles_behind
        and (s.changed_at <= d.closes_at or d.candles_behind = 0)
      )
    order by s.account_id, s.trader_id
    limit p_limit
  ) as n
$$;
comment on function candlewatch.next_slots(candlewatch.enqueues, integer) is
  'The next slots of a dispatch that is being enqueued, in order.';
