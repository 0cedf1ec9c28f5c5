-- Reads monitor.violations and keeps what it finds. Returns how many there are; right is none.
create or replace function candlewatch.reckon()
returns integer
language plpgsql
set search_path = ''
as $$
declare
  v_count integer;
begin
  insert into candlewatch.findings (found_at, invariant, subject, detail)
  select candlewatch.lease_clock(), v.invariant, v.subject, v.detail
  from monitor.violations as v
  limit 100;
  get diagnostics v_count = row_count;
  return v_count;
end
$$;
comment on function candlewatch.reckon() is
  'Keeps the rows of monitor.violations, of which there should be none.';
