-- What the parts of a verb hand to each other.
create type candlewatch.verdict as (
  job_id bigint,
  account_id uuid,
  dispatch_id bigint,
  trader_id uuid,
  filter_id bigint,
  tag float8,
  attempt smallint,
  lapses smallint,
  cost float8,
  outcome text,
  reason text
);
comment on type candlewatch.verdict is
  'A slot and how its lease ends: done, skipped, failed, expired, retried or returned.';

create type candlewatch.tenant_change as (
  account_id uuid,
  ready_delta integer,
  leased_delta integer,
  lowest_tag float8,
  last_tag float8
);
comment on type candlewatch.tenant_change is
  'What a verb changed for one tenant: its counts, and the lowest and last tag that it added.';

create type candlewatch.batch_job as (
  id bigint,
  dispatch bigint,
  attempt smallint,
  filters bigint[]
);
comment on type candlewatch.batch_job is
  'A job as a worker is told of it: its dispatch, which attempt this is, its distinct filters.';

create domain worker."application/octet-stream" as bytea;
comment on domain worker."application/octet-stream" is
  'Bytes that PostgREST hands out as they are.';

create type candlewatch.entry as (
  dispatch_id bigint,
  trader_id uuid,
  account_id uuid,
  filter_id bigint,
  cooldown_candles integer,
  "values" jsonb,
  entered bit varying,
  matched bit varying,
  is_changed boolean
);
comment on type candlewatch.entry is
  'What one slot reports (entered) and what its trader remembers (matched), by symbol position.';

create type candlewatch.match as (
  dispatch_id bigint,
  trader_id uuid,
  account_id uuid,
  filter_id bigint,
  "values" jsonb,
  timeframe text,
  candle_at timestamptz,
  position integer,
  symbol text,
  shadow boolean,
  is_kept boolean
);
comment on type candlewatch.match is
  'A symbol that a slot reports, and whether it is within the cap of its trader and candle.';

create type candlewatch.signal_count as (
  dispatch_id bigint,
  signals integer,
  suppressed integer
);
comment on type candlewatch.signal_count is
  'Signals that were written for a dispatch, and matches that were held back.';
