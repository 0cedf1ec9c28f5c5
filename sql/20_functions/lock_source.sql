-- Locks and returns the row of a source of market data; a new source gets one.
create or replace function candlewatch.lock_source(p_source text)
returns candlewatch.exchange_states
language plpgsql
set search_path = ''
as $$
declare
  v_state candlewatch.exchange_states;
begin
  loop
    select s.* into v_state
    from candlewatch.exchange_states as s
    where s.source = p_source
    for update;
    exit when found;
    insert into candlewatch.exchange_states (source, minute_at, changed_at)
    values (p_source, date_trunc('minute', candlewatch.lease_clock()), candlewatch.lease_clock())
    on conflict (source) do nothing;
  end loop;
  return v_state;
end
$$;
comment on function candlewatch.lock_source(text) is
  'Locks and returns the row of a source of market data; a new one gets a row.';
