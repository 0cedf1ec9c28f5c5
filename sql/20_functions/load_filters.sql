-- The texts of filters by their ids. Definer: the worker may call this and may not touch the
-- tables.
create or replace function worker.load_filters(p_ids bigint[])
returns jsonb
language sql
stable
security definer
set search_path = ''
as $$
  select coalesce(jsonb_agg(jsonb_build_object(
    'id', f.id, 'source', f.source, 'timeframe', f.timeframe
  ) order by f.id), '[]')
  from candlewatch.filters as f
  where f.id = any (p_ids)
$$;
comment on function worker.load_filters(bigint[]) is 'The texts of filters by their ids.';
