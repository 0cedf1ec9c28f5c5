-- Whether a schedule is due; notes that it is done now. Held by the tick, which is alone.
create or replace function candlewatch.take_turn(p_name text)
returns boolean
language plpgsql
set search_path = ''
as $$
begin
  update candlewatch.schedules as s
  set last_at = candlewatch.lease_clock()
  where s.name = p_name and s.enabled
    and (
      s.last_at is null
      or s.last_at > candlewatch.lease_clock()
      or s.last_at + s.every <= candlewatch.lease_clock()
    );
  return found;
end
$$;
comment on function candlewatch.take_turn(text) is
  'Whether a schedule is due; if so it counts as done now.';
