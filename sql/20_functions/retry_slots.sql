-- Puts the slots that are to be tried again into retries, each as a job of its own, with back-off
-- and jitter: a slot that fails takes no other with it twice.
create or replace function candlewatch.retry_slots(p_verdicts candlewatch.verdict[])
returns integer
language plpgsql
set search_path = ''
as $$
declare
  v_count integer;
begin
  insert into candlewatch.retries (
    id, account_id, tag, dispatch_id, attempt, lapses, cost, trader_ids, due_at, reason
  )
  select nextval('candlewatch.job_ids'), v.account_id, v.tag, v.dispatch_id, v.attempt, v.lapses,
    v.cost / count(*) over (partition by v.job_id), array[v.trader_id],
    candlewatch.lease_clock() + candlewatch.back_off(v.attempt), v.reason
  from unnest(p_verdicts) as v
  -- Limit: a lookup by key for each, whatever the statistics of tenants say.
  cross join lateral (
    select from candlewatch.tenants as t where t.account_id = v.account_id limit 1
  ) as t
  where v.outcome = 'retried';
  get diagnostics v_count = row_count;
  return v_count;
end
$$;
comment on function candlewatch.retry_slots(candlewatch.verdict[]) is
  'Splits slots off their jobs to be tried again singly, after a back-off.';
