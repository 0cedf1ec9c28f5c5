-- Stores frames of backfill and repair; a changed frame gets the next revision. Never dispatches.
-- Functions that hold older frames of the timeframe learn of it by its count of repairs. Definer:
-- the worker may call this and may not touch the tables.
create or replace function worker.store_frames(
  p_timeframe text,
  p_frames jsonb
)
returns jsonb
language plpgsql
security definer
set search_path = ''
as $$
declare
  v_stored integer;
  v_revised integer;
begin
  select count(*) filter (where s.outcome = 'stored'), count(*) filter (where s.outcome = 'revised')
  into v_stored, v_revised
  from (
    select candlewatch.store_frame(
      p_timeframe, f.open_time, decode(f."values", 'base64')
    ) as outcome
    from (
      select f.open_time, f."values"
      from jsonb_to_recordset(p_frames) as f (open_time timestamptz, "values" text)
      order by f.open_time
    ) as f
  ) as s;
  update candlewatch.repairs as r
  set repair_count = r.repair_count + 1
  where r.timeframe = p_timeframe and v_stored + v_revised > 0;
  return jsonb_build_object('stored', v_stored, 'revised', v_revised);
end
$$;
comment on function worker.store_frames(text, jsonb) is
  'Stores frames of backfill and repair; never dispatches.';
