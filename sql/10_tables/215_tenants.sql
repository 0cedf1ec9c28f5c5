-- One row per account: the parent of its ready and leased jobs, locked before any of them or its seat
-- changes. Nobody updates it: a lock leaves no version behind that an old snapshot would keep.
create table candlewatch.tenants (
  account_id uuid primary key references public.accounts (id) on delete cascade
);
alter table candlewatch.tenants enable row level security;
comment on table candlewatch.tenants is
  'One row per account: whoever changes its jobs or its seat locks it first.';

-- A tenant's seat in the queue, one each, under the tenant's lock. head_tag is its place in the walk
-- while it has ready work and room under its cap, else null: the index holds exactly the tenants
-- whom a claim may serve, in the order in which it serves them. turn counts its places: the newest
-- version of a seat has a key of its own and is found at once, while a long transaction keeps the
-- older ones.
create table candlewatch.seats (
  account_id uuid not null references candlewatch.tenants (account_id) on delete cascade,
  turn bigint not null default 0,
  concurrency_limit integer not null,
  weight float8 not null,
  ready_count integer not null default 0,
  leased_count integer not null default 0,
  first_tag float8,
  head_tag float8,
  last_tag float8 not null default 0,
  lowered_at timestamptz,
  primary key (account_id, turn),
  constraint weight_is_positive check (weight > 0),
  constraint concurrency_is_positive check (concurrency_limit > 0),
  constraint ready_jobs_are_not_negative check (ready_count >= 0),
  constraint leased_jobs_are_not_negative check (leased_count >= 0),
  constraint first_tag_means_ready_work check ((first_tag is not null) = (ready_count > 0)),
  constraint head_is_not_before_the_first_job check (head_tag >= first_tag),
  constraint head_means_ready_work_and_room check (
    (head_tag is not null) = (ready_count > 0 and leased_count < concurrency_limit)
  )
) with (fillfactor = 50, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000,
  autovacuum_vacuum_cost_delay = 0);
create index seats_by_head_tag on candlewatch.seats (head_tag) where head_tag is not null;
alter table candlewatch.seats enable row level security;
comment on table candlewatch.seats is
  'One row per tenant: its cap and weight, its ready and leased jobs, and its place in the queue.';
comment on column candlewatch.seats.turn is 'Counts the changes of head_tag.';
comment on column candlewatch.seats.head_tag is
  'max(first_tag, floor of the walk) while there is room under the cap, else null.';
comment on column candlewatch.seats.first_tag is
  'Tag of its first ready job; its jobs are read from there.';
comment on column candlewatch.seats.lowered_at is
  'When the cap was last lowered: jobs leased before may exceed it until they end.';
comment on column candlewatch.seats.last_tag is
  'Tag of the job enqueued last: where the next one starts.';
