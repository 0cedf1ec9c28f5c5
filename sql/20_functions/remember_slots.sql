-- Stores what traders remember after slots, under the locks on their states: the newest candle, the
-- failures in a row, and what matched. One update for each trader; a manual run changes nothing.
create or replace function candlewatch.remember_slots(
  p_verdicts candlewatch.verdict[],
  p_entries candlewatch.entry[]
)
returns void
language plpgsql
set search_path = ''
as $$
begin
  update candlewatch.trader_memory as m
  set last_candle_at = greatest(m.last_candle_at, e.candle_at),
    failure_count = case when e.has_failed then m.failure_count + 1 else 0 end,
    matched = coalesce(n.matched, m.matched)
  from (
    select v.trader_id, max(d.candle_at) as candle_at, bool_or(v.outcome = 'failed') as has_failed,
      max(d.id) filter (where v.outcome = 'done') as done_id
    from unnest(p_verdicts) as v
    join candlewatch.dispatches as d on d.id = v.dispatch_id
    where v.outcome in ('done', 'failed') and d.kind <> 'manual'
    group by v.trader_id
  ) as e
  left join unnest(p_entries) as n
    on n.trader_id = e.trader_id and n.dispatch_id = e.done_id and n.is_changed
  where m.trader_id = e.trader_id;
end
$$;
comment on function candlewatch.remember_slots(candlewatch.verdict[], candlewatch.entry[]) is
  'Stores the last candle, the failures in a row and the matches of traders after slots.';
