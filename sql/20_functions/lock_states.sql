-- Locks the states of the traders of these jobs, in the order of their ids. Stopping, editing and
-- deleting a trader take the same rows: what they committed before this is seen, and what comes
-- later waits. Before that the traders which may get signals (their filter matched something) are
-- locked for the foreign key of signals: deleting a trader locks it before its state.
create or replace function candlewatch.lock_states(
  p_token uuid,
  p_jobs bigint[],
  p_results jsonb default '{}'
)
returns void
language plpgsql
set search_path = ''
as $$
declare
  v_traders uuid[];
  v_matched uuid[];
begin
  select array_agg(t.trader_id), array_agg(t.trader_id) filter (where r.filter is not null)
  into v_traders, v_matched
  from candlewatch.leased as j
  cross join lateral unnest(j.trader_ids, j.filter_ids) as t (trader_id, filter_id)
  left join (
    select r.dispatch, r.filter
    from jsonb_to_recordset(p_results -> 'filters') as r (
      dispatch bigint, filter bigint, "true" text
    )
    where strpos(r."true", '1') > 0
  ) as r on r.dispatch = j.dispatch_id and r.filter = t.filter_id
  where j.token = p_token and j.id = any (p_jobs);

  perform from public.traders as t
  where t.id = any (v_matched)
  order by t.id
  for key share;
  perform from public.trader_states as s
  where s.trader_id = any (v_traders)
  order by s.trader_id
  for no key update;
end
$$;
comment on function candlewatch.lock_states(uuid, bigint[], jsonb) is
  'Locks the states of the traders of a token''s jobs, in order.';
