-- Stores what running traders remember after slots, under the locks on their states: the newest
-- candle, the failures in a row, and what matched. One update for each; a manual run changes nothing.
-- The slots and what they changed are brought together by grouping: neither has an index, and the
-- planner expects few of them.
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
    matched = coalesce(e.matched[1], m.matched)
  from (
    select x.trader_id, max(d.candle_at) as candle_at, bool_or(x.has_failed) as has_failed,
      array_agg(x.matched) filter (where x.matched is not null) as matched
    from (
      select v.trader_id, v.dispatch_id, v.outcome = 'failed', null::bit varying
      from unnest(p_verdicts) as v
      where v.outcome in ('done', 'failed')
      union all
      select n.trader_id, n.dispatch_id, false, n.matched
      from unnest(p_entries) as n
      where n.is_changed
    ) as x (trader_id, dispatch_id, has_failed, matched)
    join candlewatch.dispatches as d on d.id = x.dispatch_id
    where d.kind <> 'manual'
    group by x.trader_id
  ) as e
  where m.trader_id = e.trader_id
    -- A slot is done only by a running trader; its last attempt may be lost after it was stopped.
    and (not e.has_failed or exists (
      select from public.trader_states as s
      where s.trader_id = e.trader_id and s.state = 'running'
    ));
end
$$;
comment on function candlewatch.remember_slots(candlewatch.verdict[], candlewatch.entry[]) is
  'Stores the last candle, the failures in a row and the matches of traders after slots.';
