-- A job: up to 50 slots of one tenant and one dispatch. In ready it waits; its key is its place in
-- the tenant's own order, so that a claim starts at the tenant's head and meets no dead index
-- entries.
create sequence candlewatch.job_ids as bigint;

create table candlewatch.ready (
  account_id uuid not null references candlewatch.tenants (account_id) on delete cascade,
  tag float8 not null,
  id bigint not null,
  dispatch_id bigint not null,
  attempt smallint not null,
  lapses smallint not null default 0,
  cost float8 not null,
  trader_ids uuid[] not null,
  primary key (account_id, tag, id),
  constraint ready_job_has_slots check (cardinality(trader_ids) > 0),
  constraint attempts_made_are_not_negative check (attempt >= 0),
  constraint cost_is_positive check (cost > 0)
) with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000,
  autovacuum_vacuum_cost_delay = 0, autovacuum_analyze_scale_factor = 0,
  autovacuum_analyze_threshold = 10000);
alter table candlewatch.ready alter column trader_ids set storage main;
alter table candlewatch.ready enable row level security;
comment on table candlewatch.ready is 'Jobs that wait to be claimed, in each tenant''s own order.';
comment on column candlewatch.ready.tag is
  'Start-time fair queueing: max(tag served, last tag of the tenant) + cost / weight.';
comment on column candlewatch.ready.attempt is 'Claims so far.';
comment on column candlewatch.ready.lapses is 'Claims whose lease lapsed: the worker was lost.';

-- Jobs that failed or whose worker was lost wait here for their back-off; the tick makes them
-- ready.
create table candlewatch.retries (
  id bigint primary key,
  account_id uuid not null references candlewatch.tenants (account_id) on delete cascade,
  tag float8 not null,
  dispatch_id bigint not null,
  attempt smallint not null,
  lapses smallint not null default 0,
  cost float8 not null,
  trader_ids uuid[] not null,
  due_at timestamptz not null,
  reason text not null,
  constraint retried_job_has_slots check (cardinality(trader_ids) > 0)
) with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 500);
create index retries_by_due_time on candlewatch.retries (due_at);
create index retries_by_account on candlewatch.retries (account_id);
alter table candlewatch.retries enable row level security;
comment on table candlewatch.retries is 'Jobs that are to be tried again after their back-off.';
