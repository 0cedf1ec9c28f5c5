-- Stores one frame. The same bytes again change nothing; other bytes are a repair and raise the
-- revision. Returns 'stored', 'revised' or 'same'. Refuses (CW002) what is no frame of a closed
-- candle.
create or replace function candlewatch.store_frame(
  p_timeframe text,
  p_open_time timestamptz,
  p_packed bytea
)
returns text
language plpgsql
set search_path = ''
as $$
declare
  v_before candlewatch.frames;
begin
  perform candlewatch.require_frame(p_timeframe, p_open_time, p_packed);
  select f.* into v_before
  from candlewatch.frames as f
  where f.timeframe = p_timeframe and f.open_time = p_open_time
  for update;
  if not found then
    insert into candlewatch.frames (timeframe, open_time, packed, unknown_count, stored_at)
    values (p_timeframe, p_open_time, p_packed, candlewatch.count_unknown(p_packed), candlewatch.now())
    on conflict (timeframe, open_time) do nothing;
    return case when found then 'stored' else 'same' end;
  end if;
  if v_before.packed = p_packed then
    return 'same';
  end if;
  update candlewatch.frames as f
  set packed = p_packed,
    revision = f.revision + 1,
    unknown_count = candlewatch.count_unknown(p_packed),
    absent_count = 0,
    stored_at = candlewatch.now()
  where f.timeframe = p_timeframe and f.open_time = p_open_time;
  return 'revised';
end
$$;
comment on function candlewatch.store_frame(text, timestamptz, bytea) is
  'Stores one packed frame; changed bytes raise its revision.';
