-- Enqueues up to p_chunks chunks, stopping when nothing is left.
create or replace function candlewatch.enqueue_chunks(p_chunks integer)
returns integer
language plpgsql
set search_path = ''
as $$
declare
  v_slots integer;
  v_count integer := 0;
begin
  for v_chunk in 1 .. p_chunks loop
    select candlewatch.enqueue_next(s.enqueue_slots) into v_slots from candlewatch.settings as s;
    exit when v_slots = 0;
    v_count := v_count + v_slots;
  end loop;
  return v_count;
end
$$;
comment on function candlewatch.enqueue_chunks(integer) is
  'Enqueues a few chunks of open dispatches.';
