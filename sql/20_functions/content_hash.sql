-- The name of a filter's content: equal texts for one timeframe are one filter, whoever wrote them.
create or replace function candlewatch.content_hash(
  p_timeframe text,
  p_source text
)
returns bytea
language sql
immutable
set search_path = ''
as $$
  select sha256(convert_to(p_timeframe || chr(10) || p_source, 'UTF8'))
$$;

comment on function candlewatch.content_hash(text, text) is
  'SHA-256 of timeframe, line feed and source.';
