-- Ends the transaction with an error of ours: the code as SQLSTATE for SQL, and for a request that
-- came through PostgREST the same as JSON with the code's HTTP status. Definer: reads the table of
-- codes for callers who may not. p_headers go into the answer, for instance {"Retry-After": "7"}.
create or replace function candlewatch.refuse(
  p_code text,
  p_message text,
  p_hint text default null,
  p_headers jsonb default '{}'
)
returns void
language plpgsql
stable
security definer
set search_path = ''
as $$
declare
  v_status integer;
begin
  if nullif(current_setting('request.method', true), '') is null then
    raise exception using errcode = p_code, message = p_message, hint = coalesce(p_hint, '');
  end if;
  select c.http_status into v_status from candlewatch.error_codes as c where c.code = p_code;
  raise sqlstate 'PGRST' using
    message = jsonb_build_object(
      'code', p_code, 'message', p_message, 'hint', p_hint, 'details', null
    )::text,
    detail = jsonb_build_object(
      'status', coalesce(v_status, 400), 'headers', p_headers
    )::text;
end
$$;

comment on function candlewatch.refuse(text, text, text, jsonb) is
  'Raises one of our errors: a code, a sentence and a hint, in the shape that the caller reads.';
