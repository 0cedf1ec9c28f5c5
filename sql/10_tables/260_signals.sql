-- A match that was reported: trader x symbol x candle, once. transaction_id lets a reader follow
-- along without losing rows that commit late: order by (transaction_id, id), below the oldest open
-- transaction.
create sequence public.signal_ids as bigint;

create table public.signals (
  id bigint not null default nextval('public.signal_ids'),
  transaction_id xid8 not null default pg_catalog.pg_current_xact_id(),
  trader_id uuid not null references public.traders (id) on delete cascade,
  account_id uuid not null,
  filter_id bigint not null,
  symbol text not null,
  timeframe text not null,
  candle_at timestamptz not null,
  price float8,
  change_pct float8,
  volume float8,
  "values" jsonb not null default '{}',
  dispatch_id bigint not null,
  frame_revision integer not null,
  created_at timestamptz not null,
  shadow boolean not null default false,
  primary key (trader_id, symbol, timeframe, candle_at)
) partition by range (candle_at);
alter sequence public.signal_ids owned by public.signals.id;
create index signals_by_account on public.signals (account_id, transaction_id, id);
create index signals_by_dispatch on public.signals (dispatch_id);
create index signals_by_trader_and_time on public.signals (trader_id, candle_at desc);
alter table public.signals enable row level security;
create policy owner_reads_signals on public.signals for select to authenticated
  using (account_id = (select auth.uid()));
comment on table public.signals is
  'Matches, each once: one row per trader, symbol and candle, with the values that made it fire.';
comment on column public.signals.candle_at is 'Open time of the closed candle that matched.';
comment on column public.signals.change_pct is
  'Change of the close against the candle before, in percent.';
comment on column public.signals."values" is
  'The filter''s named values on that candle: why it fired.';
comment on column public.signals.shadow is
  'Made while its account was a shadow: to be compared with another system, not to be acted on.';
comment on column public.signals.filter_id is 'The version of the filter that fired.';

-- Holds what comes when no partition was made ahead, so that no completion ever fails for that
-- reason.
create table public.signals_rest partition of public.signals default;
alter table public.signals_rest enable row level security;
comment on table public.signals_rest is
  'Rows of signals for whose month there was no partition yet; they move when it is made.';

-- A slot that did not end as done, with its reason. A partition a day, dropped whole.
create table candlewatch.slot_outcomes (
  dispatch_id bigint not null,
  trader_id uuid not null,
  account_id uuid not null,
  outcome text not null,
  reason text not null,
  attempt smallint not null,
  ended_at timestamptz not null,
  primary key (dispatch_id, trader_id, ended_at),
  constraint outcome_is_not_done check (outcome in ('skipped', 'failed', 'expired')),
  constraint outcome_has_a_reason check (reason <> '')
) partition by range (ended_at);
create index slot_outcomes_by_trader on candlewatch.slot_outcomes (trader_id, ended_at);
alter table candlewatch.slot_outcomes enable row level security;
comment on table candlewatch.slot_outcomes is
  'Each slot (trader x candle) that was skipped, failed or expired, and why; done ones are only counted.';

create table candlewatch.slot_outcomes_rest partition of candlewatch.slot_outcomes default;
alter table candlewatch.slot_outcomes_rest enable row level security;
comment on table candlewatch.slot_outcomes_rest is
  'Rows of slot_outcomes for whose day there was no partition yet; they move when it is made.';
