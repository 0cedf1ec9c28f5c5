-- A frame whose slots have to be evaluated, and the counts of how they ended. A scheduled dispatch
-- is superseded when a newer one of its timeframe appears: what was not claimed by then expires. A
-- missed dispatch stands for a candle that was never published (an outage): all of its slots are
-- expired, and this row is their reason. A catch_up dispatch has the slots of traders that want
-- such candles evaluated all the same: it is enqueued once every older one has ended and its frame
-- is there, so that a trader sees its candles in order.
create table candlewatch.dispatches (
  id bigint generated always as identity primary key,
  timeframe text not null references candlewatch.timeframes (name),
  candle_at timestamptz not null,
  closes_at timestamptz not null,
  kind text not null default 'scheduled',
  revision integer not null,
  created_at timestamptz not null,
  candles_behind integer not null default 0,
  superseded_at timestamptz,
  enqueued_at timestamptz,
  due_count integer not null default 0,
  done_count integer not null default 0,
  skipped_count integer not null default 0,
  failed_count integer not null default 0,
  expired_count integer not null default 0,
  signal_count integer not null default 0,
  suppressed_count integer not null default 0,
  constraint kind_is_known check (kind in ('scheduled', 'manual', 'missed', 'catch_up')),
  constraint counts_are_not_negative check (
    least(due_count, done_count, skipped_count, failed_count, expired_count) >= 0
    and least(signal_count, suppressed_count) >= 0
  ),
  constraint no_slot_ends_twice check (
    done_count + skipped_count + failed_count + expired_count <= due_count
  ),
  constraint missed_slots_all_expired check (kind <> 'missed' or expired_count = due_count)
) with (fillfactor = 30, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);
create unique index dispatched_once_per_candle
  on candlewatch.dispatches (timeframe, candle_at, kind) where kind <> 'manual';
create index dispatches_to_catch_up_with on candlewatch.dispatches (timeframe, candle_at)
  where kind = 'catch_up' and enqueued_at is null;
create index dispatches_by_timeframe on candlewatch.dispatches (timeframe, closes_at);
create index dispatches_by_close on candlewatch.dispatches (closes_at);
alter table candlewatch.dispatches enable row level security;
comment on table candlewatch.dispatches is
  'One row per frame to evaluate, with counters of how its slots (trader x candle) ended.';
comment on column candlewatch.dispatches.candles_behind is
  'Of a catch_up: newer candles when it was made; traders that catch up with fewer are not in it.';
comment on column candlewatch.dispatches.suppressed_count is
  'Matches that were not reported: over the cap of signals per candle, or inside a cooldown.';

-- Dispatches whose slots are not all turned into jobs yet: the enqueuer's work list, and where it
-- stands.
create table candlewatch.enqueues (
  dispatch_id bigint primary key references candlewatch.dispatches (id) on delete cascade,
  after_account_id uuid not null default '00000000-0000-0000-0000-000000000000',
  after_trader_id uuid not null default '00000000-0000-0000-0000-000000000000'
) with (fillfactor = 30, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 200);
alter table candlewatch.enqueues enable row level security;
comment on table candlewatch.enqueues is
  'Dispatches that still have slots to enqueue; a row leaves when its last chunk is committed.';

-- Superseded dispatches whose waiting slots are still to be expired.
create table candlewatch.expiries (
  dispatch_id bigint primary key references candlewatch.dispatches (id) on delete cascade
);
alter table candlewatch.expiries enable row level security;
comment on table candlewatch.expiries is
  'Superseded dispatches that may still have waiting slots; no claim takes those.';

-- What happened to slots since the tick last added it up: appended by every verb, so that none of
-- them waits for another at the dispatch's own row.
create table candlewatch.tallies (
  id bigint generated always as identity primary key,
  dispatch_id bigint not null,
  due_count integer not null default 0,
  done_count integer not null default 0,
  skipped_count integer not null default 0,
  failed_count integer not null default 0,
  expired_count integer not null default 0,
  signal_count integer not null default 0,
  suppressed_count integer not null default 0
) with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);
alter table candlewatch.tallies enable row level security;
comment on table candlewatch.tallies is
  'Counts of slots not yet added to their dispatch; monitor.dispatches shows the sums.';
