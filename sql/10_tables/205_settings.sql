-- Every limit of the queue, in one row, with its unit in its name. The operator may change them;
-- the next claim, tick or completion reads them.
create table candlewatch.settings (
  one boolean primary key default true,
  leased_limit integer not null default 500,
  slots_per_job integer not null default 50,
  jobs_per_turn integer not null default 10,
  attempts_limit integer not null default 5,
  lone_lapses_from integer not null default 2,
  backoff_base_seconds float8 not null default 2,
  backoff_cap_seconds float8 not null default 60,
  lease_seconds_limit float8 not null default 300,
  failures_to_warn integer not null default 3,
  failures_to_stop integer not null default 5,
  enqueue_slots integer not null default 1000,
  tick_chunks integer not null default 10,
  sweep_jobs integer not null default 500,
  first_history_candles integer not null default 500,
  deep_history_candles integer not null default 1536,
  history_chunk_candles integer not null default 520,
  history_weight_pct integer not null default 70,
  missed_candles_counted integer not null default 1440,
  catch_up_patience interval not null default '10 minutes',
  signals_kept interval not null default '400 days',
  history_kept interval not null default '7 days',
  log_kept interval not null default '2 hours',
  constraint settings_are_one_row check (one),
  constraint what_is_kept_outlasts_what_uses_it check (
    signals_kept >= interval '1 day' and history_kept >= interval '1 hour'
    and log_kept >= interval '1 minute'
  ),
  constraint limits_are_positive check (
    leased_limit > 0 and slots_per_job > 0 and jobs_per_turn > 0 and attempts_limit > 0
    and lone_lapses_from > 0 and enqueue_slots > 0 and tick_chunks > 0 and sweep_jobs > 0
    and history_chunk_candles > 0 and missed_candles_counted >= 0
  ),
  constraint warning_comes_before_the_stop check (failures_to_warn < failures_to_stop),
  constraint backoff_is_a_range check (
    backoff_base_seconds > 0 and backoff_cap_seconds >= backoff_base_seconds
  ),
  constraint history_leaves_weight_to_closes check (history_weight_pct between 1 and 100),
  constraint deep_history_is_at_least_the_first check (
    first_history_candles > 0 and deep_history_candles >= first_history_candles
  )
);
alter table candlewatch.settings enable row level security;
comment on table candlewatch.settings is
  'One row: every limit of the queue, the history and the retention. Change it with an update.';
comment on column candlewatch.settings.leased_limit is
  'Jobs leased at once, of all tenants together.';
comment on column candlewatch.settings.jobs_per_turn is
  'Jobs that a tenant of weight 1 gives to one claim before the next one''s turn; more is coarser.';
comment on column candlewatch.settings.lone_lapses_from is
  'A job whose lease lapsed this often is claimed alone, so that it cannot take others down with it.';
comment on column candlewatch.settings.enqueue_slots is
  'Slots in one chunk (one transaction) of enqueuing.';
comment on column candlewatch.settings.missed_candles_counted is
  'After an outage at most so many missed candles get a row that counts their slots as expired.';
comment on column candlewatch.settings.log_kept is
  'How long pg_cron''s and pg_net''s own logs are kept.';

insert into candlewatch.settings default values;
comment on column candlewatch.settings.one is 'Always true: there is one row.';
comment on column candlewatch.settings.slots_per_job is 'Slots of one tenant in one job, at most.';
comment on column candlewatch.settings.attempts_limit is
  'Claims of a job before its slots end as failed.';
comment on column candlewatch.settings.backoff_base_seconds is 'Seconds until the second attempt.';
comment on column candlewatch.settings.backoff_cap_seconds is 'Seconds between attempts, at most.';
comment on column candlewatch.settings.lease_seconds_limit is 'Seconds of a lease, at most.';
comment on column candlewatch.settings.failures_to_warn is 'Failed slots in a row that warn.';
comment on column candlewatch.settings.failures_to_stop is
  'Failed slots in a row that end in error.';
comment on column candlewatch.settings.tick_chunks is 'Chunks that one tick enqueues, at most.';
comment on column candlewatch.settings.sweep_jobs is 'Lapsed jobs that one sweep returns, at most.';
comment on column candlewatch.settings.first_history_candles is
  'Candles fetched before the first close.';
comment on column candlewatch.settings.deep_history_candles is 'Candles fetched in the background.';
comment on column candlewatch.settings.history_chunk_candles is 'Candles of one backfill task.';
comment on column candlewatch.settings.catch_up_patience is
  'How long a missed candle may take to be fetched before those who catch up do without it.';
comment on column candlewatch.settings.history_weight_pct is
  'Part of a minute''s request weight at which history stops; the rest is there for closes.';
comment on column candlewatch.settings.signals_kept is 'How long signals are kept.';
comment on column candlewatch.settings.history_kept is
  'How long outcomes and finished work are kept.';
