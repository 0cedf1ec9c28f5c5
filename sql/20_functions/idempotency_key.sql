-- The key that a caller gave: as an argument, or as the header Idempotency-Key.
create or replace function candlewatch.idempotency_key(p_key text)
returns text
language sql
stable
set search_path = ''
as $$
  select coalesce(
    p_key,
    nullif(current_setting('request.headers', true), '')::jsonb ->> 'idempotency-key'
  )
$$;

comment on function candlewatch.idempotency_key(text) is
  'The idempotency key of the call: its argument, or the request''s header.';
