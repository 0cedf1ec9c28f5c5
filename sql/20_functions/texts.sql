-- A list of texts in JSON as an array; an absent list is an empty one.
create or replace function candlewatch.texts(p_list jsonb)
returns text[]
language sql
immutable
set search_path = ''
as $$
  select array(select jsonb_array_elements_text(coalesce(p_list, '[]'::jsonb)))
$$;

comment on function candlewatch.texts(jsonb) is 'A JSON list of texts as an array.';
