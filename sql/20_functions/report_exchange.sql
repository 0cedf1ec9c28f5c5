-- Notes how a source answered: open, or a refusal (throttled, banned, forbidden, unavailable) until
-- a time that every function honours. A shorter refusal never cuts a longer one of the same kind.
-- Open ends it. Definer: the worker may call this and may not touch the tables.
create or replace function worker.report_exchange(
  p_source text,
  p_state text,
  p_until timestamptz,
  p_note text
)
returns jsonb
language plpgsql
security definer
set search_path = ''
as $$
declare
  v_now timestamptz := candlewatch.lease_clock();
begin
  if p_state not in ('open', 'throttled', 'banned', 'forbidden', 'unavailable') then
    perform candlewatch.refuse('CW002', format('there is no exchange state %s', left(p_state, 40)),
      'report open, throttled, banned, forbidden or unavailable');
  end if;
  insert into candlewatch.exchange_states as s (
    source, state, retry_at, minute_at, note, changed_at
  )
  values (
    p_source, p_state,
    case when p_state <> 'open' then coalesce(p_until, v_now + interval '1 minute') end,
    date_trunc('minute', v_now), left(coalesce(p_note, ''), 500), v_now
  )
  on conflict (source) do update
    set state = excluded.state,
      retry_at = case
        when s.state = excluded.state then greatest(s.retry_at, excluded.retry_at)
        else excluded.retry_at
      end,
      probing_until = null,
      note = excluded.note,
      changed_at = excluded.changed_at;
  return jsonb_build_object('state', p_state);
end
$$;
comment on function worker.report_exchange(text, text, timestamptz, text) is
  'Notes how a source answered: open, or a refusal until a time.';
