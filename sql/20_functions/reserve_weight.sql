-- Reserves request weight of a source for this minute, for all functions together. p_used is what
-- the exchange itself counts (X-MBX-USED-WEIGHT-1M): the larger count holds, so that calls of
-- others on our address are seen. While the source refuses us nobody is granted anything; after
-- that one probe is, and the others wait for its report. Locks the source's row. Definer: the
-- worker may call this and may not touch the tables.
create or replace function worker.reserve_weight(
  p_source text,
  p_weight integer,
  p_used integer default null
)
returns jsonb
language plpgsql
security definer
set search_path = ''
as $$
declare
  v_now timestamptz;
  v_state candlewatch.exchange_states;
  v_wait_until timestamptz;
begin
  insert into candlewatch.exchange_states (source, minute_at, changed_at)
  values (p_source, date_trunc('minute', candlewatch.lease_clock()), candlewatch.lease_clock())
  on conflict (source) do nothing;
  select s.* into v_state from candlewatch.exchange_states as s where s.source = p_source for update;
  v_now := candlewatch.lease_clock();
  if v_state.minute_at <> date_trunc('minute', v_now) then
    v_state.minute_at := date_trunc('minute', v_now);
    v_state.weight_used := 0;
  end if;
  v_state.weight_used := greatest(v_state.weight_used, coalesce(p_used, 0));
  if v_state.state <> 'open' and v_now < greatest(v_state.retry_at, v_state.probing_until) then
    v_wait_until := greatest(v_state.retry_at, v_state.probing_until);
  elsif v_state.weight_used + p_weight > v_state.weight_limit then
    v_wait_until := v_state.minute_at + interval '1 minute';
  else
    v_state.weight_used := v_state.weight_used + p_weight;
    if v_state.state <> 'open' then
      v_state.probing_until := v_now + interval '10 seconds';
    end if;
  end if;
  update candlewatch.exchange_states as s
  set minute_at = v_state.minute_at, weight_used = v_state.weight_used,
    probing_until = v_state.probing_until
  where s.source = p_source;
  return jsonb_build_object(
    'granted', v_wait_until is null,
    'wait_seconds', coalesce(extract(epoch from v_wait_until - v_now), 0),
    'state', v_state.state
  );
end
$$;
comment on function worker.reserve_weight(text, integer, integer) is
  'Reserves request weight of a source for this minute, or says how long to wait.';
