-- Opens the catch_up dispatches whose turn it is: of each timeframe the oldest, when every slot of
-- the candles before it has ended, its frame is there and no history that it may look back on is
-- still being fetched. One that waited too long is opened as superseded: its slots expire. Returns
-- how many were opened.
create or replace function candlewatch.open_catch_ups()
returns integer
language plpgsql
set search_path = ''
as $$
declare
  v_waiting record;
  v_count integer := 0;
begin
  for v_waiting in
    select d.id, f.revision, d.created_at < candlewatch.now() - c.catch_up_patience as is_late,
      exists (
        select from candlewatch.tasks as t
        where t.kind = 'backfill' and t.ended_at is null
          and (t.payload ->> 'from')::timestamptz <= d.closes_at
          and (t.payload ->> 'to')::timestamptz
            >= d.candle_at - c.first_history_candles * candlewatch.candle_length(d.timeframe)
      ) as is_fetching
    from candlewatch.dispatches as d
    cross join candlewatch.settings as c
    left join candlewatch.frames as f on f.timeframe = d.timeframe and f.open_time = d.candle_at
    where d.kind = 'catch_up' and d.enqueued_at is null
      and not exists (select from candlewatch.enqueues as e where e.dispatch_id = d.id)
      and not candlewatch.is_unfinished(d.timeframe, d.closes_at)
  loop
    continue when (v_waiting.revision is null or v_waiting.is_fetching) and not v_waiting.is_late;
    update candlewatch.dispatches as d
    set revision = coalesce(v_waiting.revision, 0),
      superseded_at = case when v_waiting.revision is null then candlewatch.now() end
    where d.id = v_waiting.id;
    insert into candlewatch.enqueues (dispatch_id) values (v_waiting.id);
    v_count := v_count + 1;
  end loop;
  return v_count;
end
$$;
comment on function candlewatch.open_catch_ups() is
  'Opens the catch_up dispatches whose turn has come.';
