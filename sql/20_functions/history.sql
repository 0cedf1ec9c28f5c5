-- What is stored of each timeframe: oldest and newest open time, and the open times of holes
-- between them, at most 100, newest first. Definer: the worker may call this and may not touch the
-- tables.
create or replace function worker.history(p_timeframes text[])
returns jsonb
language sql
stable
security definer
set search_path = ''
as $$
  select coalesce(jsonb_object_agg(t.name, jsonb_build_object(
    'oldest', s.oldest, 'newest', s.newest, 'missing', m.missing
  )), '{}')
  from unnest(p_timeframes) as t (name)
  cross join lateral (
    select min(f.open_time) as oldest, max(f.open_time) as newest
    from candlewatch.frames as f
    where f.timeframe = t.name
  ) as s
  cross join lateral (
    select coalesce(jsonb_agg(h.open_time order by h.open_time desc), '[]') as missing
    from (
      select h.open_time
      from candlewatch.missing_frames(t.name, s.oldest, s.newest) as h (open_time)
      order by h.open_time desc
      limit 100
    ) as h
  ) as m
$$;
comment on function worker.history(text[]) is
  'Oldest and newest stored candle of timeframes, and the holes between them.';
