-- Stores the frames that close at one instant and dispatches them. Frames that do not close then
-- are refused (CW002). Returns the ids of new dispatches.
create or replace function candlewatch.publish(
  p_closes_at timestamptz,
  p_frames jsonb
)
returns jsonb
language plpgsql
set search_path = ''
as $$
declare
  v_frame record;
  v_dispatch bigint;
  v_dispatches bigint[] := array[]::bigint[];
begin
  for v_frame in
    select f.timeframe, f.open_time, decode(f."values", 'base64') as packed
    from jsonb_to_recordset(p_frames) as f (timeframe text, open_time timestamptz, "values" text)
    join candlewatch.timeframes as t on t.name = f.timeframe
    order by t.length_ms
  loop
    if v_frame.open_time + candlewatch.candle_length(v_frame.timeframe) is distinct from p_closes_at
    then
      perform candlewatch.refuse('CW002',
        format('the %s candle of %s does not close at %s', v_frame.timeframe, v_frame.open_time,
          p_closes_at),
        'publish together what closes together');
    end if;
    if not exists (
      select from candlewatch.dispatches as d
      where d.timeframe = v_frame.timeframe and d.candle_at = v_frame.open_time
        and d.kind <> 'manual'
    ) then
      perform candlewatch.store_frame(v_frame.timeframe, v_frame.open_time, v_frame.packed);
      v_dispatch := candlewatch.add_dispatch(v_frame.timeframe, v_frame.open_time, p_closes_at);
      v_dispatches := v_dispatches || v_dispatch;
    end if;
  end loop;
  return to_jsonb(array_remove(v_dispatches, null));
end
$$;
comment on function candlewatch.publish(timestamptz, jsonb) is
  'Stores and dispatches the frames that close at one instant; returns new dispatches.';
