-- How many tasks of a kind may be leased now, of those asked for. Backfill leaves one place of the
-- ingesting functions to closes, which never wait for it; claims of backfill go one by one.
create or replace function candlewatch.room_for_tasks(
  p_kind text,
  p_limit integer
)
returns integer
language plpgsql
set search_path = ''
as $$
declare
  v_room integer := least(greatest(coalesce(p_limit, 1), 1), 1000);
  v_busy integer;
begin
  if p_kind <> 'backfill' then
    return v_room;
  end if;
  perform pg_advisory_xact_lock(hashtextextended('candlewatch.backfill', 0));
  select count(*) into v_busy
  from candlewatch.tasks as t
  where t.kind = 'backfill' and t.state = 'leased';
  return (
    select greatest(0, least(v_room, f.running_limit - 1 - v_busy))
    from candlewatch.functions as f
    where f.name = 'ingest'
  );
end
$$;
comment on function candlewatch.room_for_tasks(text, integer) is
  'How many tasks of a kind may be leased now; backfill leaves a place to closes.';
