-- The answer that a key already has, or null, and then the key is taken until this transaction
-- ends. A second call with the key waits for the first; another request under the key is refused
-- (CW008). No key, neither as argument nor as the header Idempotency-Key: null. Definer: users may
-- not read the keys.
create or replace function candlewatch.recall_answer(
  p_key text,
  p_request jsonb
)
returns jsonb
language plpgsql
security definer
set search_path = ''
as $$
declare
  v_key text := candlewatch.idempotency_key(p_key);
  v_hash bytea := sha256(convert_to(p_request::text, 'UTF8'));
  v_known record;
begin
  if v_key is null then
    return null;
  end if;
  if length(v_key) not between 1 and 200 then
    perform candlewatch.refuse('CW002',
      format('an idempotency key has 1 to 200 characters, got %s', length(v_key)),
      'a random UUID is a good key');
  end if;
  insert into candlewatch.idempotency_keys (account_id, key, request_hash, created_at)
  values (candlewatch.default_account(), v_key, v_hash, candlewatch.now())
  on conflict (account_id, key) do nothing;
  if found then
    return null;
  end if;
  select k.request_hash, k.answer into v_known
  from candlewatch.idempotency_keys as k
  where k.account_id = candlewatch.default_account() and k.key = v_key;
  if v_known.request_hash <> v_hash then
    perform candlewatch.refuse('CW008', 'this idempotency key was used for another request',
      'choose a new key for a new request');
  end if;
  return v_known.answer;
end
$$;

comment on function candlewatch.recall_answer(text, jsonb) is
  'The answer that an idempotency key already has; else takes the key and returns null.';
