-- The first problem of a refused filter as its owner reads it: where, what, and what to do.
create or replace function candlewatch.problem_sentence(p_problems jsonb)
returns text
language sql
immutable
set search_path = ''
as $$
  select format(
    'line %s, column %s: %s%s%s',
    coalesce(p.first ->> 'line', '1'),
    coalesce(p.first ->> 'column', '1'),
    coalesce(p.first ->> 'message', 'the filter was refused'),
    coalesce(' (' || nullif(p.first ->> 'hint', '') || ')', ''),
    case when p.problem_count > 1 then format('; and %s more', p.problem_count - 1) else '' end
  )
  from (
    select coalesce(p_problems -> 0, '{}') as first, jsonb_array_length(p_problems) as problem_count
  ) as p
$$;

comment on function candlewatch.problem_sentence(jsonb) is
  'The first problem of a refused filter as a sentence with line and column.';
