-- Refuses an edit of what functions alone write: states, counters. The functions that may write say
-- so in a setting for as long as they do; it keeps people from slips, grants keep users out
-- altogether.
create or replace function candlewatch.guard_engine_columns()
returns trigger
language plpgsql
set search_path = ''
as $$
begin
  if coalesce(current_setting('candlewatch.engine', true), '') <> 'on' then
    perform candlewatch.refuse('CW006',
      format('%s.%s is written by functions alone', tg_table_schema, tg_table_name),
      tg_argv[0]);
  end if;
  return coalesce(new, old);
end
$$;

comment on function candlewatch.guard_engine_columns() is
  'Trigger: refuses edits of what functions alone write; its argument is the hint.';
