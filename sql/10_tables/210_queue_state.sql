-- The queue's shared figures: one row, locked last by every claim and completion. serving_tag is V
-- of start-time fair queueing: the tag last served; new work starts no earlier. floor_tag is where
-- the claim's walk over tenants starts: heads below it have been served, or are lifted to it by the
-- next tick, so the walk never reads the index entries that the past left behind.
create table candlewatch.queue_state (
  one boolean primary key default true,
  leased_count integer not null default 0,
  serving_tag float8 not null default 0,
  floor_tag float8 not null default 0,
  constraint queue_state_is_one_row check (one),
  constraint leased_jobs_are_not_negative check (leased_count >= 0),
  constraint floor_is_not_above_the_tag_served check (floor_tag <= serving_tag)
) with (fillfactor = 10, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 500,
  autovacuum_vacuum_cost_delay = 0);
alter table candlewatch.queue_state enable row level security;
comment on table candlewatch.queue_state is
  'One row: jobs leased now (the global cap counts these) and where fair queueing stands.';

insert into candlewatch.queue_state default values;
