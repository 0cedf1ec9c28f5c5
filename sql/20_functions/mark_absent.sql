-- Marks the unknown candles of frames as absent: the exchange was asked for them long after their
-- close and has none. Repair leaves them alone from then on; monitor.gaps shows them. A frame that
-- changes loses its mark. Definer: the worker may call this and may not touch the tables.
create or replace function worker.mark_absent(
  p_timeframe text,
  p_open_times timestamptz[]
)
returns jsonb
language plpgsql
security definer
set search_path = ''
as $$
declare
  v_count integer;
begin
  update candlewatch.frames as f
  set absent_count = f.absent_count + f.unknown_count, unknown_count = 0
  where f.timeframe = p_timeframe and f.open_time = any(p_open_times) and f.unknown_count > 0;
  get diagnostics v_count = row_count;
  return jsonb_build_object('marked', v_count);
end
$$;
comment on function worker.mark_absent(text, timestamptz[]) is
  'Marks unknown candles of frames as absent at the exchange: they are not asked for again.';
