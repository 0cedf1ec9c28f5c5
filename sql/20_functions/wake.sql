-- Kicks a function: posts p_count signed requests (null: as many as its demand, less those that
-- run). A kick may be lost and is no record of work. Debounced, and capped by
-- functions.running_limit; nothing is sent where the address or the secret is not in Vault: the
-- function's own address, or that of all functions with its name behind it. The signature is
-- HMAC-SHA256 over time and body. Definer: reads the secret, on behalf of whoever changed a row
-- that made work.
create or replace function candlewatch.wake(
  p_function text,
  p_count integer default null
)
returns integer
language plpgsql
security definer
set search_path = ''
as $$
declare
  v_count integer := coalesce(p_count, candlewatch.wake_demand(p_function));
  v_url text;
  v_secret text;
  v_time text := to_char(clock_timestamp() at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.MSZ');
  v_body jsonb := jsonb_build_object('function', p_function);
begin
  select coalesce(
      max(s.decrypted_secret) filter (where s.name = format('candlewatch_%s_url', p_function)),
      max(rtrim(s.decrypted_secret, '/') || '/' || p_function)
        filter (where s.name = 'candlewatch_functions_url')
    ),
    max(s.decrypted_secret) filter (where s.name = 'candlewatch_wake_secret')
  into v_url, v_secret
  from vault.decrypted_secrets as s
  where s.name in ('candlewatch_functions_url', 'candlewatch_wake_secret',
    format('candlewatch_%s_url', p_function));
  if v_count <= 0 or v_url is null or v_secret is null
    or not candlewatch.note_wake(p_function, v_count)
  then
    return 0;
  end if;
  perform net.http_post(
    url => v_url,
    body => v_body,
    headers => jsonb_build_object(
      'Content-Type', 'application/json',
      'x-candlewatch-time', v_time,
      'x-candlewatch-signature',
      encode(extensions.hmac(v_time || '.' || v_body::text, v_secret, 'sha256'), 'hex')
    ),
    timeout_milliseconds => 60000
  )
  from generate_series(1, v_count);
  return v_count;
end
$$;
comment on function candlewatch.wake(text, integer) is
  'Kicks a function with signed requests, as many as there is demand for.';
