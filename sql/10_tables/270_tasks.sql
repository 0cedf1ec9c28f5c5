-- Low-volume work of every other kind, with the queue's discipline: tokens of the caller, leases,
-- fenced ends, bounded attempts. A key names a piece of work for ever, so that adding it twice adds
-- it once.
create table candlewatch.tasks (
  id bigint generated always as identity primary key,
  kind text not null,
  key text not null,
  payload jsonb not null,
  state text not null default 'ready',
  priority smallint not null default 0,
  attempt smallint not null default 0,
  attempts_limit smallint not null default 5,
  due_at timestamptz not null,
  created_at timestamptz not null,
  token uuid,
  worker text,
  lease_until timestamptz,
  ended_at timestamptz,
  result jsonb,
  reason text,
  unique (kind, key),
  constraint state_is_known check (state in ('ready', 'leased', 'done', 'failed', 'expired')),
  constraint kind_is_known check (kind in ('ingest', 'backfill', 'universe', 'check', 'deliver')),
  constraint leased_task_has_a_lease check ((state = 'leased') = (lease_until is not null)),
  constraint leased_task_has_a_holder check (
    state <> 'leased' or (token is not null and worker is not null)
  ),
  constraint ended_task_has_its_time check (
    (state in ('done', 'failed', 'expired')) = (ended_at is not null)
  ),
  constraint unsuccessful_task_has_a_reason check (
    state not in ('failed', 'expired') or reason is not null
  ),
  constraint attempts_are_bounded check (attempt between 0 and attempts_limit)
) with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 200,
  autovacuum_analyze_scale_factor = 0, autovacuum_analyze_threshold = 1000);
create index tasks_by_kind_and_state on candlewatch.tasks (kind, state, priority, due_at, id);
create index tasks_by_end on candlewatch.tasks (ended_at) where ended_at is not null;
alter table candlewatch.tasks enable row level security;
comment on table candlewatch.tasks is
  'Ingest, backfill, universe and check work: what is ready, held, done or failed, and why.';
comment on column candlewatch.tasks.key is
  'Names the work within its kind; the same key is never added twice.';
