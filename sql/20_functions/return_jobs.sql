-- Takes back all jobs of a lease that the caller has locked. Released ones do not count as an
-- attempt. Lapsed ones go back to their old place, split into single slots once their lease lapsed
-- too often; those without attempts left fail, and those of superseded dispatches expire unless
-- their trader catches up with that many candles.
create or replace function candlewatch.return_jobs(
  p_lease candlewatch.leases,
  p_outcome text
)
returns integer
language plpgsql
set search_path = ''
as $$
declare
  v_jobs bigint[];
  v_verdicts candlewatch.verdict[];
begin
  select array_agg(j.id) into v_jobs from candlewatch.leased as j where j.token = p_lease.token;
  perform candlewatch.lock_states(p_lease.token, v_jobs);
  select array_agg(row(
    j.id, j.account_id, j.dispatch_id, t, null, j.tag, j.attempt - (p_outcome = 'released')::integer,
    j.lapses + (p_outcome = 'expired')::integer, j.cost,
    v.outcome,
    case v.outcome
      when 'expired' then 'a newer candle closed before this one was evaluated'
      when 'failed' then format('its worker was lost %s times', j.attempt)
      else ''
    end
  )::candlewatch.verdict)
  into v_verdicts
  from candlewatch.leased as j
  join candlewatch.dispatches as d on d.id = j.dispatch_id
  cross join candlewatch.settings as c
  cross join lateral unnest(j.trader_ids) as t
  left join public.traders as w on w.id = t
  cross join lateral (
    select case
      when d.superseded_at is not null and coalesce(w.catch_up_candles, 0)
        < greatest(candlewatch.candles_after(d.timeframe, d.candle_at), 1) then 'expired'
      when p_outcome = 'expired' and j.attempt >= c.attempts_limit then 'failed'
      else 'returned'
    end
  ) as v (outcome)
  where j.token = p_lease.token;

  perform candlewatch.end_slots(v_verdicts);
  perform candlewatch.end_jobs(p_lease, v_jobs, p_outcome, '{}', candlewatch.lease_clock());
  perform candlewatch.ready_slots(v_verdicts);
  return cardinality(v_jobs);
end
$$;
comment on function candlewatch.return_jobs(candlewatch.leases, text) is
  'Takes back all jobs of a lease: to their place in the queue, or to their end.';
