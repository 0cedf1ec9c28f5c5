-- Writes the answer of a check to its filter and moves every trader that waits for it. A filter
-- that is decided already stays as it is: the first answer holds.
create or replace function candlewatch.decide_filter(
  p_filter bigint,
  p_result jsonb
)
returns void
language plpgsql
set search_path = ''
as $$
declare
  v_traders uuid[];
  v_good boolean := coalesce((p_result ->> 'ok')::boolean, false);
begin
  update candlewatch.filters as f
  set state = case when v_good then 'ready' else 'refused' end,
    needs = case when v_good then coalesce(p_result -> 'needs', '{}') end,
    lookback = case when v_good then coalesce((p_result ->> 'lookback')::integer, 0) end,
    cost = case when v_good then coalesce((p_result ->> 'cost')::float8, 1) end,
    symbols = case when v_good then candlewatch.texts(p_result -> 'symbols') end,
    names = case when v_good then candlewatch.texts(p_result -> 'names') end,
    problems = case when not v_good then coalesce(p_result -> 'problems', '[]') end,
    checked_at = candlewatch.now()
  where f.id = p_filter and f.state = 'pending';

  select array_agg(s.trader_id) into v_traders
  from public.trader_states as s
  where s.filter_id = p_filter and s.state = 'starting';
  perform candlewatch.settle_traders(v_traders);
end
$$;

comment on function candlewatch.decide_filter(bigint, jsonb) is
  'Writes the answer of a check to its filter and moves the traders that wait for it.';
