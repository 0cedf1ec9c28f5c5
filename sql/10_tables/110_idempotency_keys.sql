-- What a call that creates something answered, by the key that its caller chose: the same key gives
-- the same answer, and the same key with another request is refused. Kept for a day.
create table candlewatch.idempotency_keys (
  account_id uuid not null,
  key text not null,
  request_hash bytea not null,
  answer jsonb,
  created_at timestamptz not null default now(),
  constraint idempotency_keys_pkey primary key (account_id, key),
  constraint key_belongs_to_an_account
    foreign key (account_id) references public.accounts (id) on delete cascade,
  constraint key_has_1_to_200_characters check (length(key) between 1 and 200)
);

create index idempotency_keys_by_time on candlewatch.idempotency_keys (created_at);

comment on table candlewatch.idempotency_keys is
  'Answers by the idempotency key of the request, so that a repeated call creates nothing twice.';
comment on column candlewatch.idempotency_keys.key is 'The Idempotency-Key that the caller sent.';
comment on column candlewatch.idempotency_keys.request_hash is 'SHA-256 of the request.';
comment on column candlewatch.idempotency_keys.answer is 'What the first call answered.';

alter table candlewatch.idempotency_keys enable row level security;
