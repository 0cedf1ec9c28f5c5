-- Writes the newest candle and the failures in a row to the states of the slots' traders, whose
-- locks the caller holds, and moves to error those who reached the limit. Manual runs count for
-- neither.
create or replace function candlewatch.count_failures(p_verdicts candlewatch.verdict[])
returns void
language plpgsql
set search_path = ''
as $$
declare
  v_failed record;
begin
  update public.trader_states as s
  set last_candle_at = greatest(s.last_candle_at, d.candle_at),
    failure_count = case when d.has_failed then s.failure_count + 1 else 0 end
  from (
    select v.trader_id, max(d.candle_at) as candle_at, bool_or(v.outcome = 'failed') as has_failed
    from unnest(p_verdicts) as v
    join candlewatch.dispatches as d on d.id = v.dispatch_id
    where v.outcome in ('done', 'failed') and d.kind <> 'manual'
    group by v.trader_id
  ) as d
  where s.trader_id = d.trader_id and s.state = 'running';

  for v_failed in
    select v.trader_id, max(v.reason) as reason
    from unnest(p_verdicts) as v
    join public.trader_states as s on s.trader_id = v.trader_id
    cross join candlewatch.settings as c
    where v.outcome = 'failed' and s.state = 'running' and s.failure_count >= c.failures_to_stop
    group by v.trader_id
    order by v.trader_id
  loop
    perform candlewatch.apply_event(v_failed.trader_id, 'fail', v_failed.reason);
  end loop;
end
$$;
comment on function candlewatch.count_failures(candlewatch.verdict[]) is
  'Counts failures in a row on traders'' states and stops those that reach the limit.';
