-- Records how slots ended, under the locks on their traders' states: a row with the reason for each
-- that is not done, what the traders remember, and one tally per dispatch. A trader whose failures
-- in a row reach the limit is moved to error.
create or replace function candlewatch.end_slots(
  p_verdicts candlewatch.verdict[],
  p_entries candlewatch.entry[] default null,
  p_signals candlewatch.signal_count[] default null
)
returns void
language plpgsql
set search_path = ''
as $$
declare
  v_now timestamptz := candlewatch.lease_clock();
  v_failed bigint;
begin
  insert into candlewatch.slot_outcomes (
    dispatch_id, trader_id, account_id, outcome, reason, attempt, ended_at
  )
  select v.dispatch_id, v.trader_id, v.account_id, v.outcome, v.reason, v.attempt, v_now
  from unnest(p_verdicts) as v
  where v.outcome in ('skipped', 'failed', 'expired');

  perform candlewatch.remember_slots(p_verdicts, p_entries);

  with tally as (
    insert into candlewatch.tallies (
      dispatch_id, done_count, skipped_count, failed_count, expired_count, signal_count,
      suppressed_count
    )
    select v.dispatch_id, v.done, v.skipped, v.failed, v.expired, coalesce(s.signals, 0),
      coalesce(s.suppressed, 0)
    from (
      select v.dispatch_id,
        count(*) filter (where v.outcome = 'done') as done,
        count(*) filter (where v.outcome = 'skipped') as skipped,
        count(*) filter (where v.outcome = 'failed') as failed,
        count(*) filter (where v.outcome = 'expired') as expired
      from unnest(p_verdicts) as v
      where v.outcome in ('done', 'skipped', 'failed', 'expired')
      group by v.dispatch_id
    ) as v
    left join unnest(p_signals) as s on s.dispatch_id = v.dispatch_id
    returning failed_count
  )
  select sum(t.failed_count) into v_failed from tally as t;
  if v_failed > 0 then
    perform candlewatch.stop_failing(p_verdicts);
  end if;
end
$$;
comment on function candlewatch.end_slots(
  candlewatch.verdict[], candlewatch.entry[], candlewatch.signal_count[]
) is
  'Records how slots ended: outcomes, memory, tallies.';
