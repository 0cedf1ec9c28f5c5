-- Reserves request weight of a source for calls that are about to be made: as many of them, in
-- order, as this minute has room for; history leaves a share of it to closes. p_used is what the
-- exchange itself counted at p_used_at: in its own minute the larger count holds, so that calls of
-- others on our address are seen. While the source refuses us nobody is granted anything; then one
-- probe is, and the others wait for its report. Locks the source's row. Definer: the worker may
-- call this and may not touch the tables.
create or replace function worker.reserve_weight(
  p_source text,
  p_weights integer[],
  p_history boolean default false,
  p_used integer default null,
  p_used_at timestamptz default null
)
returns jsonb
language plpgsql
security definer
set search_path = ''
as $$
declare
  v_state candlewatch.exchange_states := candlewatch.lock_source(p_source);
  v_now timestamptz := candlewatch.lease_clock();
  v_minute timestamptz := date_trunc('minute', v_now);
  v_wait_until timestamptz := v_minute + interval '1 minute';
  v_calls integer := 0;
  v_weight integer := 0;
begin
  v_state.weight_used := greatest(
    case when v_state.minute_at = v_minute then v_state.weight_used else 0 end,
    case when date_trunc('minute', p_used_at) = v_minute then p_used end
  );
  if v_state.state <> 'open' and v_now < greatest(v_state.retry_at, v_state.probing_until) then
    v_wait_until := greatest(v_state.retry_at, v_state.probing_until);
  else
    select count(*), coalesce(max(c.total), 0) into v_calls, v_weight
    from (
      select w.place, sum(w.weight) over (order by w.place) as total
      from unnest(p_weights) with ordinality as w (weight, place)
    ) as c
    cross join candlewatch.settings as s
    where (v_state.state = 'open' or c.place = 1)
      and v_state.weight_used + c.total
        <= v_state.weight_limit * case when p_history then s.history_weight_pct else 100 end / 100;
    if v_state.state <> 'open' and v_calls = 1 then
      v_state.probing_until := v_now + interval '10 seconds';
      v_wait_until := v_state.probing_until;
    end if;
  end if;
  update candlewatch.exchange_states as s
  set minute_at = v_minute, weight_used = v_state.weight_used + v_weight,
    probing_until = v_state.probing_until
  where s.source = p_source;
  return jsonb_build_object(
    'calls', v_calls,
    'state', v_state.state,
    'wait_seconds', extract(epoch from
      case when v_calls < cardinality(p_weights) then v_wait_until else v_now end - v_now)
  );
end
$$;
comment on function worker.reserve_weight(text, integer[], boolean, integer, timestamptz) is
  'Reserves request weight of a source for calls, or says how long to wait.';
