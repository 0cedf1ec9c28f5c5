-- Accounts whose limits or places changed: the tick stops what is over a limit and resumes what has
-- room again, and takes the row away. Nothing scans all accounts for it.
create table candlewatch.quota_reviews (
  account_id uuid not null,
  asked_at timestamptz not null default now(),
  constraint quota_reviews_pkey primary key (account_id),
  constraint review_is_of_an_account
    foreign key (account_id) references public.accounts (id) on delete cascade
);

comment on table candlewatch.quota_reviews is
  'Accounts whose quota the next tick reviews: their limits or their places changed.';
comment on column candlewatch.quota_reviews.asked_at is 'When the review was asked for.';

alter table candlewatch.quota_reviews enable row level security;
