-- What is wrong with the name of a timeframe, as a sentence; null when nothing is. Definer: reads
-- the list for callers who may not.
create or replace function candlewatch.timeframe_problem(p_timeframe text)
returns text
language sql
stable
security definer
set search_path = ''
as $$
  select format(
    'timeframe is one of %s, got %s',
    string_agg(f.name, ', ' order by f.length_ms),
    coalesce(left(p_timeframe, 40), 'nothing')
  )
  from candlewatch.timeframes as f
  having not coalesce(bool_or(f.name = p_timeframe), false)
$$;

comment on function candlewatch.timeframe_problem(text) is
  'What is wrong with the name of a timeframe, as a sentence, or null.';
