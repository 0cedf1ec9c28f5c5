-- Takes one call from the signed-in user's bucket. Null: go on. Else the answer of a refused call,
-- with status 429 and Retry-After set: the caller returns it, so that the refusal is committed and
-- counted (an exception would undo the count). Operators are not limited. Definer: users may not
-- touch their buckets.
create or replace function candlewatch.take_call()
returns jsonb
language plpgsql
security definer
set search_path = ''
as $$
declare
  v_user uuid := auth.uid();
  v_limit integer;
  v_now timestamptz := candlewatch.lease_clock();
  v_left double precision;
  v_wait integer;
begin
  select r.calls_per_minute into v_limit
  from public.accounts as a join public.tiers as r on r.name = a.tier where a.id = v_user;
  if not found or candlewatch.caller_role() <> 'authenticated' then
    return null;
  end if;
  insert into candlewatch.call_buckets (account_id, calls_left, filled_at)
  values (v_user, v_limit, v_now)
  on conflict (account_id) do nothing;
  select least(v_limit, b.calls_left
    + greatest(extract(epoch from v_now - b.filled_at)::float8, 0) * v_limit / 60)
  into v_left
  from candlewatch.call_buckets as b where b.account_id = v_user for update;
  update candlewatch.call_buckets as b
  set calls_left = case when v_left >= 1 then v_left - 1 else v_left end,
    filled_at = v_now,
    refused_count = b.refused_count + case when v_left >= 1 then 0 else 1 end
  where b.account_id = v_user;
  if v_left >= 1 then
    return null;
  end if;
  v_wait := ceil((1 - v_left) * 60 / v_limit)::integer;
  perform set_config('response.status', '429', true);
  perform set_config('response.headers',
    jsonb_build_array(jsonb_build_object('Retry-After', v_wait::text))::text, true);
  return jsonb_build_object(
    'code', 'CW007',
    'message', format(
      'this account makes at most %s changing calls a minute (calls_per_minute)', v_limit
    ),
    'hint', format('wait %s seconds, or change to a larger tier', v_wait),
    'details', v_wait
  );
end
$$;

comment on function candlewatch.take_call() is
  'Takes one call from the user''s bucket: null, or the answer of a call over the rate limit.';
