-- Locks the filters of check tasks, in order, before anybody locks the tasks themselves: whoever
-- starts a trader holds its filter and then adds the task of its check.
create or replace function candlewatch.lock_checked_filters(p_tasks bigint[])
returns void
language plpgsql
set search_path = ''
as $$
begin
  perform from candlewatch.filters as f
  where f.id in (
    select (t.payload ->> 'filter_id')::bigint
    from candlewatch.tasks as t
    where t.id = any (p_tasks) and t.kind = 'check'
  )
  order by f.id
  for no key update;
end
$$;

comment on function candlewatch.lock_checked_filters(bigint[]) is
  'Locks the filters of check tasks, before the tasks.';
