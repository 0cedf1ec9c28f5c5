-- One row per live token: who holds it and until when. Extending a lease writes one row, not one a
-- job.
create table candlewatch.leases (
  token uuid primary key,
  worker text not null,
  granted_at timestamptz not null,
  lease_until timestamptz not null,
  job_count integer not null,
  constraint lease_ends_after_it_began check (lease_until > granted_at),
  constraint live_lease_has_jobs check (job_count > 0)
) with (fillfactor = 50, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 200);
alter table candlewatch.leases enable row level security;
comment on table candlewatch.leases is 'Live leases: one row per token that a worker holds.';

-- The jobs of each live token (no foreign key: both rows come and go in one transaction).
-- filter_ids stand beside trader_ids: the version bound at the claim (null: the trader did not run
-- then).
create table candlewatch.leased (
  token uuid not null,
  id bigint not null,
  account_id uuid not null,
  tag float8 not null,
  dispatch_id bigint not null,
  attempt smallint not null,
  lapses smallint not null default 0,
  cost float8 not null,
  trader_ids uuid[] not null,
  filter_ids bigint[] not null,
  primary key (token, id),
  constraint leased_job_has_slots check (cardinality(trader_ids) > 0),
  constraint each_slot_has_its_filter check (cardinality(filter_ids) = cardinality(trader_ids)),
  constraint attempt_was_counted_at_the_claim check (attempt > 0)
) with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000,
  autovacuum_vacuum_cost_delay = 0);
alter table candlewatch.leased alter column trader_ids set storage main;
alter table candlewatch.leased alter column filter_ids set storage main;
alter table candlewatch.leased enable row level security;
comment on table candlewatch.leased is 'Jobs that a worker holds now, by token.';

-- How every lease ended, whole or in part. Append-only; a partition a day, dropped whole.
create sequence candlewatch.lease_log_entries as bigint;

create table candlewatch.lease_log (
  token uuid not null,
  entry bigint not null default nextval('candlewatch.lease_log_entries'),
  worker text not null,
  granted_at timestamptz not null,
  lease_until timestamptz not null,
  ended_at timestamptz not null,
  outcome text not null,
  job_ids bigint[] not null,
  result jsonb not null,
  primary key (token, entry, ended_at),
  constraint outcome_is_known check (outcome in ('completed', 'released', 'expired'))
) partition by range (ended_at);
alter table candlewatch.lease_log enable row level security;
comment on table candlewatch.lease_log is
  'Append-only: which jobs a token held, from when to when, how that ended and what the worker was told.';

-- Holds what comes when no partition was made ahead, so that no completion ever fails for that
-- reason.
create table candlewatch.lease_log_rest partition of candlewatch.lease_log default;
alter table candlewatch.lease_log_rest enable row level security;
comment on table candlewatch.lease_log_rest is
  'Rows of lease_log for whose day there was no partition yet; they move when it is made.';
