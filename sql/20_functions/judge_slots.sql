-- How each slot of a completion ends, judged under the locks on its traders' states: a trader that
-- is gone or stopped or now of another timeframe skips it, an edited filter or a missing or failed
-- result tries it again until its attempts are used up, a candle older than the trader's last one
-- expires, and the rest is done.
create or replace function candlewatch.judge_slots(
  p_token uuid,
  p_jobs bigint[],
  p_results jsonb
)
returns candlewatch.verdict[]
language sql
stable
set search_path = ''
as $$
  with result as materialized (
    select distinct r.dispatch, r.filter
    from jsonb_to_recordset(p_results -> 'filters') as r (dispatch bigint, filter bigint)
  ),
  failure as materialized (
    select r.dispatch, r.filter, max(r.reason) as reason
    from jsonb_to_recordset(p_results -> 'failed') as r (
      dispatch bigint, filter bigint, reason text
    )
    group by r.dispatch, r.filter
  ),
  slot as (
    select j.*, u.trader_id, u.filter_id, s.state, s.filter_id as filter_now,
      d.kind <> 'manual' and (
        m.last_candle_at >= d.candle_at
        or row_number() over (
          partition by u.trader_id, d.kind = 'manual', d.timeframe order by d.candle_at desc
        ) > 1
      ) as is_late,
      n.timeframe <> d.timeframe as is_foreign,
      r.filter is not null as has_result,
      case when f.filter is not null then coalesce(f.reason, '') end as failure,
      j.attempt >= c.attempts_limit as is_last
    from candlewatch.leased as j
    cross join candlewatch.settings as c
    cross join lateral unnest(j.trader_ids, j.filter_ids) as u (trader_id, filter_id)
    join candlewatch.dispatches as d on d.id = j.dispatch_id
    left join public.trader_states as s on s.trader_id = u.trader_id
    left join candlewatch.trader_memory as m on m.trader_id = u.trader_id
    left join candlewatch.filters as n on n.id = s.filter_id
    left join result as r on r.dispatch = j.dispatch_id and r.filter = u.filter_id
    left join failure as f on f.dispatch = j.dispatch_id and f.filter = u.filter_id
    where j.token = p_token and j.id = any (p_jobs)
  )
  select array_agg(row(
    s.id, s.account_id, s.dispatch_id, s.trader_id, s.filter_id, s.tag, s.attempt, s.lapses, s.cost,
    v.outcome, v.reason
  )::candlewatch.verdict)
  from slot as s
  cross join lateral candlewatch.verdict_on(
    s.state, s.is_foreign, s.is_late, s.filter_id is distinct from s.filter_now, s.failure,
    s.has_result, s.is_last
  ) as v
$$;
comment on function candlewatch.judge_slots(uuid, bigint[], jsonb) is
  'How each slot of a completion ends, and why.';
