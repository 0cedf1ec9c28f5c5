-- Drops the partitions of p_table that end at or before p_before, whole: no row is deleted one by
-- one. Returns how many went.
create or replace function candlewatch.drop_partitions(
  p_table regclass,
  p_before timestamptz
)
returns integer
language plpgsql
set search_path = ''
as $$
declare
  v_partition record;
  v_count integer := 0;
begin
  for v_partition in
    select c.oid::regclass as name
    from pg_catalog.pg_inherits as i
    join pg_catalog.pg_class as c on c.oid = i.inhrelid
    where i.inhparent = p_table
      and substring(pg_get_expr(c.relpartbound, c.oid) from 'TO \(''([^'']+)''\)')::timestamptz
        <= p_before
    order by c.relname
    limit 40
  loop
    execute format('drop table %s', v_partition.name);
    v_count := v_count + 1;
  end loop;
  return v_count;
end
$$;
comment on function candlewatch.drop_partitions(regclass, timestamptz) is
  'Drops the partitions of a table that ended by a moment, whole.';
