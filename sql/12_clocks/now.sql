-- The time by which things are due. Stable, so that it can bound an index scan; tests freeze it by
-- replacing its body.
create or replace function candlewatch.now()
returns timestamptz
language sql
stable
begin atomic
  select pg_catalog.statement_timestamp();
end;
comment on function candlewatch.now() is 'The time by which things are due; replaced by tests.';
