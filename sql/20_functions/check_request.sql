-- PostgREST calls this before every request, in its transaction. Refuses tokens that PostgREST lets
-- pass (no user, no end, for somebody else, a user who is gone or banned), bodies over 64 kB, and
-- changes of tables over the rate limit: that refusal is an error, so that its reader gets the
-- sentence, and it undoes its own count, but a refused call takes nothing from the bucket anyway.
-- Calls of functions take from the bucket themselves, and their refusals commit. A GET runs in a
-- read-only transaction, which cannot count. Definer: reads users and buckets.
create or replace function candlewatch.check_request()
returns void
language plpgsql
security definer
set search_path = ''
as $$
declare
  v_claims jsonb := nullif(current_setting('request.jwt.claims', true), '')::jsonb;
  v_headers jsonb := nullif(current_setting('request.headers', true), '')::jsonb;
  v_user text := v_claims ->> 'sub';
  v_known boolean;
  v_refusal jsonb;
begin
  if candlewatch.caller_role() not in ('anon', 'authenticated') then
    return;
  end if;
  if coalesce(v_headers ->> 'content-length', '0') !~ '^[0-9]{1,5}$'
    or coalesce(v_headers ->> 'content-length', '0')::integer > 65536 then
    perform candlewatch.refuse('CW010', 'a request has at most 65536 bytes', 'send less at once');
  end if;
  if candlewatch.caller_role() = 'anon' then
    return;
  end if;
  if v_claims ->> 'exp' is null or v_user is null
    or not coalesce(v_claims -> 'aud', '"authenticated"') @> '"authenticated"'
    or v_user !~* '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' then
    perform candlewatch.refuse('CW009',
      'the token is not one of a signed-in user', 'sign in again');
  end if;
  select coalesce(u.banned_until <= candlewatch.now(), true) and u.deleted_at is null into v_known
  from public.accounts as a join auth.users as u on u.id = a.id where a.id = v_user::uuid;
  if v_known is distinct from true then
    perform candlewatch.refuse('CW009', 'the token''s user has no access', 'sign in again');
  end if;
  if current_setting('request.method', true) not in ('GET', 'HEAD', 'OPTIONS')
    and current_setting('request.path', true) not like '/rpc/%' then
    v_refusal := candlewatch.take_call();
    if v_refusal is not null then
      perform candlewatch.refuse(
        v_refusal ->> 'code', v_refusal ->> 'message', v_refusal ->> 'hint',
          jsonb_build_object('Retry-After', v_refusal ->> 'details'));
    end if;
  end if;
end
$$;

comment on function candlewatch.check_request() is
  'PostgREST''s pre-request: who may ask at all, how much at once and how often.';
