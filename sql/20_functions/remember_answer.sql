-- Keeps what a call answered under its key, if it has one. Definer: users may not write the keys.
create or replace function candlewatch.remember_answer(
  p_key text,
  p_answer jsonb
)
returns void
language sql
security definer
set search_path = ''
as $$
  update candlewatch.idempotency_keys as k
  set answer = p_answer
  where k.account_id = candlewatch.default_account()
    and k.key = candlewatch.idempotency_key(p_key)
    and k.answer is null
$$;

comment on function candlewatch.remember_answer(text, jsonb) is
  'Keeps what a call answered under its idempotency key.';
