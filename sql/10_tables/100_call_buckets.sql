-- The rate limit of each user: a bucket of calls that fills by the minute. Hot and worthless after
-- a crash, hence unlogged and without a foreign key.
create unlogged table candlewatch.call_buckets (
  account_id uuid not null,
  calls_left double precision not null,
  filled_at timestamptz not null,
  refused_count bigint not null default 0,
  constraint call_buckets_pkey primary key (account_id),
  constraint calls_left_is_at_least_0 check (calls_left >= 0)
) with (fillfactor = 50);

comment on table candlewatch.call_buckets is
  'How many changing calls each user has left, as of the time it was last filled.';
comment on column candlewatch.call_buckets.account_id is 'The user.';
comment on column candlewatch.call_buckets.calls_left is 'Calls left at that time.';
comment on column candlewatch.call_buckets.filled_at is 'When calls_left was computed.';
comment on column candlewatch.call_buckets.refused_count is
  'Calls of functions that were refused so far; a refused change of rows undoes its own count.';

alter table candlewatch.call_buckets enable row level security;
