-- One row per run of a function: what it counted and how it ended.
create table candlewatch.runs (
  id bigint generated always as identity primary key,
  function_name text not null,
  worker text not null,
  cold boolean not null,
  started_at timestamptz not null,
  ended_at timestamptz,
  outcome text,
  counts jsonb not null default '{}',
  constraint ended_run_has_an_outcome check ((ended_at is null) = (outcome is null))
) with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 500);
create index runs_by_function on candlewatch.runs (function_name, started_at desc);
create index runs_by_start on candlewatch.runs (started_at);
alter table candlewatch.runs enable row level security;
comment on table candlewatch.runs is
  'Runs of functions: when, how long, cold or warm, what they counted.';

-- The functions that tick may wake. A wake is a kick: debounced, and capped by how many may run.
create table candlewatch.functions (
  name text primary key,
  running_limit smallint not null,
  debounce_seconds float8 not null,
  run_seconds_limit float8 not null,
  cost_per_second float8 not null,
  awake_seconds float8,
  woken_at timestamptz,
  woken_count bigint not null default 0,
  constraint function_limits_are_positive check (
    running_limit > 0 and debounce_seconds >= 0 and run_seconds_limit > 0 and cost_per_second > 0
    and awake_seconds > 0
  )
) with (fillfactor = 30);
alter table candlewatch.functions enable row level security;
comment on table candlewatch.functions is
  'The functions that can be woken, how many may run at once, and when each was woken last.';
comment on column candlewatch.functions.cost_per_second is
  'Queue cost that one function works off in a second, as measured lately; demand is divided by it.';
comment on column candlewatch.functions.awake_seconds is
  'Woken at least so often, so that its host keeps it warm and nobody waits for its start.';

insert into candlewatch.functions (
  name, running_limit, debounce_seconds, run_seconds_limit, cost_per_second, awake_seconds
)
values
  ('ingest', 2, 1, 60, 1, null),
  ('evaluate', 4, 1, 60, 4000, null),
  ('check', 2, 0.1, 60, 20, 240);
