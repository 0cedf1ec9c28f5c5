-- Moves running traders whose failures in a row reached the limit to error, with the reason that
-- their owner sees, under the locks on their states.
create or replace function candlewatch.stop_failing(p_verdicts candlewatch.verdict[])
returns void
language plpgsql
set search_path = ''
as $$
declare
  v_failed record;
begin
  for v_failed in
    select v.trader_id, max(v.reason) as reason
    from unnest(p_verdicts) as v
    join public.trader_states as s on s.trader_id = v.trader_id
    join candlewatch.trader_memory as m on m.trader_id = v.trader_id
    cross join candlewatch.settings as c
    where v.outcome = 'failed' and s.state = 'running' and m.failure_count >= c.failures_to_stop
    group by v.trader_id
    order by v.trader_id
  loop
    perform candlewatch.apply_event(v_failed.trader_id, 'fail', v_failed.reason);
  end loop;
end
$$;
comment on function candlewatch.stop_failing(candlewatch.verdict[]) is
  'Moves traders that failed too often in a row to error.';
