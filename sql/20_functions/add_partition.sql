-- Makes the partition of p_table that holds p_moment, of a day or of a month, unless it is there.
-- Writers wait from the first moment on: one that had chosen the default partition for its row when
-- this one appeared would be refused. Readers go on. Rows that came before their partition move into
-- it.
create or replace function candlewatch.add_partition(
  p_table regclass,
  p_moment timestamptz,
  p_unit text
)
returns void
language plpgsql
set search_path = ''
as $$
declare
  v_from timestamptz := date_trunc(p_unit, p_moment, 'UTC');
  v_until timestamptz :=
    (v_from at time zone 'UTC' + ('1 ' || p_unit)::interval) at time zone 'UTC';
  v_schema text;
  v_table text;
  v_name text;
  v_key text := substring(pg_get_partkeydef(p_table) from '\((\w+)\)');
begin
  select n.nspname, c.relname into strict v_schema, v_table
  from pg_catalog.pg_class as c
  join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
  where c.oid = p_table;
  v_name := format('%s_%s', v_table, to_char(v_from at time zone 'UTC',
    case p_unit when 'month' then 'YYYY_MM' else 'YYYY_MM_DD' end));
  if to_regclass(format('%I.%I', v_schema, v_name)) is not null then
    return;
  end if;
  execute format('lock table %I.%I in share row exclusive mode', v_schema, v_table);
  if to_regclass(format('%I.%I', v_schema, v_name)) is not null then
    return;
  end if;
  execute format(
    'create table %I.%I (like %I.%I including defaults including constraints including storage)',
    v_schema, v_name, v_schema, v_table);
  execute format('alter table %I.%I enable row level security', v_schema, v_name);
  execute format('comment on table %I.%I is %L', v_schema, v_name,
    format('%s from %s until %s.', v_table, v_from at time zone 'UTC', v_until at time zone 'UTC'));
  execute format(
    'with moved as (delete from %1$I.%2$I where %3$I >= %4$L and %3$I < %5$L returning *) '
    'insert into %1$I.%6$I table moved',
    v_schema, v_table || '_rest', v_key, v_from, v_until, v_name);
  execute format('alter table %I.%I attach partition %I.%I for values from (%L) to (%L)',
    v_schema, v_table, v_schema, v_name, v_from, v_until);
end
$$;
comment on function candlewatch.add_partition(regclass, timestamptz, text) is
  'Makes the partition of a table that holds a moment: unit day or month.';
