-- Makes this and next month's partitions of the signals, and today's and tomorrow's of the logs, in
-- the order in which a completion writes to them. The tick calls it; add_partition costs a look at
-- the catalog where the partition is there.
create or replace function candlewatch.prepare_partitions()
returns void
language plpgsql
set search_path = ''
as $$
declare
  v_day interval;
  v_days interval[] := array[interval '0', interval '1 day'];
begin
  foreach v_day in array v_days loop
    perform candlewatch.add_partition(
      'public.signals', candlewatch.market_now() + 10 * v_day, 'month');
  end loop;
  foreach v_day in array v_days loop
    perform candlewatch.add_partition(
      'candlewatch.slot_outcomes', candlewatch.lease_clock() + v_day, 'day');
  end loop;
  foreach v_day in array v_days loop
    perform candlewatch.add_partition(
      'candlewatch.lease_log', candlewatch.lease_clock() + v_day, 'day');
  end loop;
end
$$;
comment on function candlewatch.prepare_partitions() is
  'Makes the partitions that the coming day needs.';
