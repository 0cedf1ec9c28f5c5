-- What runs when. The tick is handed to pg_cron, whose job follows its row; the other rows are looked
-- at by the tick itself and are due when every has passed since last_at, whoever calls it.
create table candlewatch.schedules (
  name text primary key,
  every interval not null,
  enabled boolean not null default true,
  last_at timestamptz,
  purpose text not null,
  constraint interval_is_positive check (every > interval '0'),
  constraint tick_comes_in_whole_seconds_below_a_minute check (
    name <> 'tick' or (every < interval '1 minute' and extract(epoch from every) % 1 = 0)
  )
) with (fillfactor = 30);
alter table candlewatch.schedules enable row level security;
comment on table candlewatch.schedules is
  'What the tick does and how often; last_at is when it was done last. Set enabled to switch one off.';

insert into candlewatch.schedules (name, every, purpose)
values
  ('tick', '5 seconds', 'Finds due work, returns lapsed leases, wakes functions.'),
  ('universe', '1 hour', 'Refreshes the symbols and their volumes.'),
  ('repair', '15 minutes', 'Fetches candles again that came late or are missing.'),
  ('history', '1 minute', 'Plans backfill of missing frames.'),
  ('retention', '10 minutes', 'Drops partitions and old rows; makes partitions ahead.'),
  ('reckoning', '5 minutes', 'Reads monitor.violations and keeps what it finds.');

-- What the reckoning found: rows of monitor.violations, with the time.
create table candlewatch.findings (
  id bigint generated always as identity primary key,
  found_at timestamptz not null,
  invariant text not null,
  subject text not null,
  detail text not null
);
create index findings_by_time on candlewatch.findings (found_at);
alter table candlewatch.findings enable row level security;
comment on table candlewatch.findings is
  'Violated invariants found by the five-minute reckoning. Empty is right.';
