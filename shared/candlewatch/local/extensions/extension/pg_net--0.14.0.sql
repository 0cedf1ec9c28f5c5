-- The queue, the answers and the functions of pg_net as callers see them. The bridge listens on the
-- channel pg_net, deletes from the queue and sends.
-- Source: github.com/supabase/pg_net, sql/pg_net.sql and README.

create schema net;
grant usage on schema net to public;

create domain net.http_method as text
  check (value ilike 'get' or value ilike 'post' or value ilike 'delete');

create unlogged table net.http_request_queue (
  id bigserial,
  method net.http_method not null,
  url text not null,
  headers jsonb,
  body bytea,
  timeout_milliseconds int not null
);
grant all on net.http_request_queue to public;
grant all on sequence net.http_request_queue_id_seq to public;

create unlogged table net._http_response (
  id bigint,
  status_code integer,
  content_type text,
  headers jsonb,
  content text,
  timed_out bool,
  error_msg text,
  created timestamptz not null default pg_catalog.now()
);
create index _http_response_created_idx on net._http_response (created);
grant all on net._http_response to public;

create function net.wake() returns void
language sql
as $$ select pg_catalog.pg_notify('pg_net', '') $$;

create function net._urlencode_string(string varchar) returns text
language sql immutable strict
as $$
  select coalesce(
    pg_catalog.string_agg(
      case
        when part.letter ~ '^[A-Za-z0-9_.~-]$' then part.letter
        else pg_catalog.regexp_replace(
          pg_catalog.upper(
            pg_catalog.encode(pg_catalog.convert_to(part.letter, 'UTF8'), 'hex')
          ),
          '(..)', '%\1', 'g'
        )
      end,
      '' order by part.place
    ),
    ''
  )
  from pg_catalog.regexp_split_to_table(string, '') with ordinality as part (letter, place)
$$;

create function net._encode_url_with_params(url text, params jsonb) returns text
language sql immutable
as $$
  select url || coalesce(
    case when pg_catalog.strpos(url, '?') > 0 then '&' else '?' end || pg_catalog.string_agg(
      net._urlencode_string(param.key) || '=' || net._urlencode_string(param.value), '&'
    ),
    ''
  )
  from pg_catalog.jsonb_each_text(coalesce(params, '{}')) as param
$$;

create function net.http_get(
  url text,
  params jsonb default '{}'::jsonb,
  headers jsonb default '{}'::jsonb,
  timeout_milliseconds int default 5000
) returns bigint
language plpgsql
security definer
set search_path = ''
as $$
declare
  v_id bigint;
begin
  insert into net.http_request_queue (method, url, headers, timeout_milliseconds)
  values ('GET', net._encode_url_with_params(url, params), headers, timeout_milliseconds)
  returning id into v_id;
  perform net.wake();
  return v_id;
end
$$;

create function net.http_post(
  url text,
  body jsonb default '{}'::jsonb,
  params jsonb default '{}'::jsonb,
  headers jsonb default '{"Content-Type": "application/json"}'::jsonb,
  timeout_milliseconds int default 5000
) returns bigint
language plpgsql
security definer
set search_path = ''
as $$
declare
  v_id bigint;
  v_content_type text;
begin
  select header.value
  into v_content_type
  from pg_catalog.jsonb_each_text(coalesce(headers, '{}'::jsonb)) as header
  where pg_catalog.lower(header.key) = 'content-type'
  limit 1;
  if v_content_type is null then
    headers := coalesce(headers, '{}'::jsonb) || '{"Content-Type": "application/json"}'::jsonb;
  elsif v_content_type <> 'application/json' then
    raise exception 'Content-Type header must be "application/json"';
  end if;
  insert into net.http_request_queue (method, url, headers, body, timeout_milliseconds)
  values (
    'POST',
    net._encode_url_with_params(url, params),
    headers,
    pg_catalog.convert_to(body::text, 'UTF8'),
    timeout_milliseconds
  )
  returning id into v_id;
  perform net.wake();
  return v_id;
end
$$;

create function net.http_delete(
  url text,
  params jsonb default '{}'::jsonb,
  headers jsonb default '{}'::jsonb,
  timeout_milliseconds int default 5000,
  body jsonb default null
) returns bigint
language plpgsql
security definer
set search_path = ''
as $$
declare
  v_id bigint;
begin
  insert into net.http_request_queue (method, url, headers, body, timeout_milliseconds)
  values (
    'DELETE',
    net._encode_url_with_params(url, params),
    headers,
    pg_catalog.convert_to(body::text, 'UTF8'),
    timeout_milliseconds
  )
  returning id into v_id;
  perform net.wake();
  return v_id;
end
$$;
