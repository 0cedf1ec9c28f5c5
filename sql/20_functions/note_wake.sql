-- Notes a wake, unless the function was woken a moment ago or somebody notes one right now. Returns
-- whether to send.
create or replace function candlewatch.note_wake(
  p_function text,
  p_count integer
)
returns boolean
language plpgsql
set search_path = ''
as $$
begin
  perform from candlewatch.functions as f where f.name = p_function for update skip locked;
  if not found then
    return false;
  end if;
  update candlewatch.functions as f
  set woken_at = clock_timestamp(), woken_count = f.woken_count + p_count
  where f.name = p_function
    and (
      f.woken_at is null
      or f.woken_at > clock_timestamp()
      or f.woken_at + make_interval(secs => f.debounce_seconds) <= clock_timestamp()
    );
  return found;
end
$$;
comment on function candlewatch.note_wake(text, integer) is
  'Notes a wake, at most one in the function''s debounce time.';
