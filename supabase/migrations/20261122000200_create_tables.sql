-- sql/10_tables/010_error_codes.sql
-- Every error that Candlewatch raises itself, once. Callers map by code, never by text.
create table candlewatch.error_codes (
  code text not null,
  name text not null,
  http_status integer not null,
  meaning text not null,
  constraint error_codes_pkey primary key (code),
  constraint name_is_given_once unique (name),
  constraint code_is_ours check (code ~ '^CW[0-9]{3}$'),
  constraint http_status_is_an_error check (http_status between 400 and 599)
);

comment on table candlewatch.error_codes is
  'The SQLSTATEs that Candlewatch raises, with the HTTP status that the API answers with.';
comment on column candlewatch.error_codes.code is 'SQLSTATE, and the "code" of the API''s error.';
comment on column candlewatch.error_codes.name is 'What programmers call it.';
comment on column candlewatch.error_codes.http_status is 'Status of the API''s answer.';
comment on column candlewatch.error_codes.meaning is
  'What happened, and what the caller should do.';

alter table candlewatch.error_codes enable row level security;

insert into candlewatch.error_codes (code, name, http_status, meaning) values
  ('CW001', 'lease_lost', 409, 'The token is stale: drop the work, another worker has it or will.'),
  ('CW002', 'refused_input', 400, 'The input breaks a rule that the message names: correct it.'),
  ('CW003', 'over_quota', 403, 'A limit of the tier is reached: free a place or change the tier.'),
  ('CW004', 'not_found', 404, 'It does not exist, or it is not yours.'),
  ('CW005', 'forbidden_transition', 409, 'That cannot happen in this state: read the state again.'),
  ('CW006', 'forbidden_edit', 403, 'This is written by functions alone: use the call in the hint.'),
  ('CW007', 'rate_limited', 429, 'Too many calls in a minute: wait as long as Retry-After says.'),
  ('CW008', 'key_reused', 409, 'The idempotency key was used for another request: choose another.'),
  ('CW009', 'signed_out', 401, 'The call needs a signed-in user: send the user''s token.'),
  ('CW010', 'too_large', 413, 'The request is larger than the limit: send less at once.');

-- sql/10_tables/020_timeframes.sql
-- The timeframes that exist. Boundaries are UTC epoch arithmetic: offset_ms + n * length_ms since
-- 1970; weeks start on Monday. kept_count is the retention of frames, stated per timeframe.
create table candlewatch.timeframes (
  name text primary key,
  length_ms bigint not null unique,
  offset_ms bigint not null default 0,
  kept_count integer not null,
  constraint length_is_whole_minutes check (length_ms > 0 and length_ms % 60000 = 0),
  constraint offset_is_inside_one_candle check (offset_ms >= 0 and offset_ms < length_ms),
  constraint kept_covers_the_deepest_window check (kept_count >= 1536)
);
alter table candlewatch.timeframes enable row level security;
create policy everybody_reads_timeframes on candlewatch.timeframes
  for select to anon, authenticated using (true);
comment on table candlewatch.timeframes is
  'The candle lengths that exist, by the exchange''s names, and how many frames of each are kept.';

insert into candlewatch.timeframes (name, length_ms, offset_ms, kept_count)
values
  ('1m', 60000, 0, 4320),
  ('5m', 300000, 0, 4032),
  ('15m', 900000, 0, 2976),
  ('30m', 1800000, 0, 2976),
  ('1h', 3600000, 0, 2976),
  ('4h', 14400000, 0, 2190),
  ('1d', 86400000, 0, 1830),
  ('1w', 604800000, 345600000, 1536);

-- sql/10_tables/030_tiers.sql
-- What an account may have. The operator edits the figures in the dashboard; a change holds within
-- a tick.
create table public.tiers (
  name text not null,
  traders_limit integer not null default 5,
  running_limit integer not null default 3,
  concurrency_limit integer not null default 2,
  weight double precision not null default 1,
  symbols_limit integer not null default 50,
  shortest_timeframe text not null default '5m',
  signals_per_candle integer not null default 20,
  calls_per_minute integer not null default 60,
  constraint tiers_pkey primary key (name),
  constraint name_is_a_lower_case_word check (name ~ '^[a-z][a-z0-9_]{0,29}$'),
  constraint traders_limit_is_at_least_0 check (traders_limit >= 0),
  constraint running_limit_is_at_least_0 check (running_limit >= 0),
  constraint concurrency_limit_is_at_least_1 check (concurrency_limit >= 1),
  constraint weight_is_between_0_01_and_100 check (weight between 0.01 and 100),
  constraint symbols_limit_is_at_least_1 check (symbols_limit >= 1),
  constraint shortest_timeframe_exists
    foreign key (shortest_timeframe) references candlewatch.timeframes (name),
  constraint signals_per_candle_is_at_least_1 check (signals_per_candle >= 1),
  constraint calls_per_minute_is_at_least_1 check (calls_per_minute >= 1)
);

comment on table public.tiers is
  'What an account of each tier may have. Edited by the operator; holds for all its accounts.';
comment on column public.tiers.name is 'Name of the tier, a lower-case word.';
comment on column public.tiers.traders_limit is 'Traders that an account may have, at least 0.';
comment on column public.tiers.running_limit is
  'Traders that may be started at once, at least 0. Lowering it stops the newest ones.';
comment on column public.tiers.concurrency_limit is
  'Jobs of one account that are evaluated at once, at least 1.';
comment on column public.tiers.weight is
  'Share of the capacity against other accounts when there is not enough, 0.01 to 100.';
comment on column public.tiers.symbols_limit is
  'Symbols that one trader watches; a universe of all keeps those with the most volume.';
comment on column public.tiers.shortest_timeframe is 'Shortest timeframe that a trader may have.';
comment on column public.tiers.signals_per_candle is
  'Signals that one trader may give on one candle; the rest is counted.';
comment on column public.tiers.calls_per_minute is 'Changing calls of the API per minute.';

alter table public.tiers enable row level security;

create policy everybody_reads_tiers on public.tiers
  for select to anon, authenticated
  using (true);

insert into public.tiers (
  name, traders_limit, running_limit, concurrency_limit, weight,
  symbols_limit, shortest_timeframe, signals_per_candle, calls_per_minute
) values
  ('free', 5, 3, 2, 1, 50, '5m', 20, 60),
  ('pro', 50, 30, 10, 2, 200, '1m', 100, 300),
  ('elite', 500, 300, 50, 4, 1000, '1m', 500, 1200),
  ('operator', 1000000, 1000000, 500, 4, 10000, '1m', 10000, 60000);

-- sql/10_tables/040_accounts.sql
-- One row per user, made by a trigger when the user appears. The counters are the quota: whoever
-- changes them holds this row, so that no two transactions can both take the last place.
create table public.accounts (
  id uuid not null,
  tier text not null default 'free',
  trader_count integer not null default 0,
  running_count integer not null default 0,
  shadow boolean not null default false,
  created_at timestamptz not null default now(),
  constraint accounts_pkey primary key (id),
  constraint account_belongs_to_a_user
    foreign key (id) references auth.users (id) on delete cascade,
  constraint account_has_a_tier foreign key (tier) references public.tiers (name),
  constraint trader_count_is_at_least_0 check (trader_count >= 0),
  constraint running_count_is_at_most_trader_count
    check (running_count between 0 and trader_count)
);

create index accounts_by_tier on public.accounts (tier);

comment on table public.accounts is
  'One row per user. The operator sets tier and shadow here; functions write everything else.';
comment on column public.accounts.id is 'The user''s id.';
comment on column public.accounts.tier is 'free, pro, elite or another row of tiers.';
comment on column public.accounts.trader_count is 'Traders that exist; counted by triggers.';
comment on column public.accounts.running_count is
  'Traders that hold a place because they are started; counted by triggers.';
comment on column public.accounts.shadow is
  'True while another system still serves the user: new signals are marked and not sent as live.';
comment on column public.accounts.created_at is 'When the account appeared.';

alter table public.accounts enable row level security;

create policy owner_reads_the_account on public.accounts
  for select to authenticated
  using (id = (select auth.uid()));

-- sql/10_tables/050_filters.sql
-- A filter's source for one timeframe, immutable and named by its content: equal filters of many
-- users are one row, checked once and evaluated once per candle. A changed text is another row.
create table candlewatch.filters (
  id bigint generated always as identity,
  content_hash bytea not null,
  source text not null,
  timeframe text not null,
  state text not null default 'pending',
  needs jsonb,
  lookback integer,
  cost double precision,
  symbols text[],
  names text[],
  problems jsonb,
  created_at timestamptz not null default now(),
  checked_at timestamptz,
  unused_since timestamptz,
  constraint filters_pkey primary key (id),
  constraint content_is_stored_once unique (content_hash),
  constraint content_hash_is_a_sha256 check (octet_length(content_hash) = 32),
  constraint source_is_at_most_4000_characters check (length(source) between 1 and 4000),
  constraint filter_has_a_timeframe
    foreign key (timeframe) references candlewatch.timeframes (name),
  constraint state_is_pending_ready_or_refused check (state in ('pending', 'ready', 'refused')),
  constraint ready_says_what_it_needs check (
    (state = 'ready') = (
      needs is not null and lookback is not null and cost is not null and symbols is not null
    )
  ),
  constraint refused_says_what_is_wrong check (
    (state = 'refused') = (problems is not null)
  ),
  constraint checked_has_a_time check ((state = 'pending') = (checked_at is null)),
  constraint cost_is_positive check (cost > 0),
  constraint lookback_is_at_least_0 check (lookback >= 0)
);

create index filters_that_are_unused on candlewatch.filters (unused_since)
  where unused_since is not null;

comment on table candlewatch.filters is
  'Sources of filters, each once: what it needs once it is checked, or all that is wrong with it.';
comment on column candlewatch.filters.content_hash is
  'SHA-256 of timeframe, line feed and source: the name of the content.';
comment on column candlewatch.filters.source is 'The text as its author wrote it.';
comment on column candlewatch.filters.timeframe is 'The timeframe that it is checked for.';
comment on column candlewatch.filters.state is 'pending, ready or refused.';
comment on column candlewatch.filters.needs is 'Candles that it needs by timeframe.';
comment on column candlewatch.filters.lookback is 'Candles that its formula looks back.';
comment on column candlewatch.filters.cost is 'Relative cost of one evaluation.';
comment on column candlewatch.filters.symbols is 'Other symbols that it reads.';
comment on column candlewatch.filters.names is 'Names whose values its signals carry.';
comment on column candlewatch.filters.problems is
  'Why it was refused: a list of line, column, rule, message and hint.';
comment on column candlewatch.filters.checked_at is 'When the check ended.';
comment on column candlewatch.filters.unused_since is
  'When retention found that no trader has it; it goes once that is long ago.';

alter table candlewatch.filters enable row level security;

-- sql/10_tables/060_traders.sql
-- A user's standing order: what people type, here or in the dashboard. A row with only a name and a
-- filter works. What is true of it at run time stands in trader_states.
create table public.traders (
  id uuid not null default gen_random_uuid(),
  account_id uuid not null,
  name text not null,
  filter text not null,
  timeframe text not null default '5m',
  universe jsonb not null default '{}',
  enabled boolean not null default true,
  emit text not null default 'on_entry',
  cooldown_candles integer not null default 0,
  catch_up_candles integer not null default 0,
  external_key text,
  created_at timestamptz not null default now(),
  updated_at timestamptz not null default now(),
  constraint traders_pkey primary key (id),
  constraint trader_belongs_to_an_account
    foreign key (account_id) references public.accounts (id) on delete cascade,
  constraint name_has_1_to_100_characters
    check (length(btrim(name)) >= 1 and length(name) <= 100),
  constraint filter_has_1_to_4000_characters
    check (length(btrim(filter)) >= 1 and length(filter) <= 4000),
  constraint timeframe_exists foreign key (timeframe) references candlewatch.timeframes (name),
  constraint universe_is_an_object_of_at_most_64_kb
    check (jsonb_typeof(universe) = 'object' and octet_length(universe::text) <= 65536),
  constraint emit_is_on_entry_or_every_candle check (emit in ('on_entry', 'every_candle')),
  constraint cooldown_is_0_to_1000_candles check (cooldown_candles between 0 and 1000),
  constraint catch_up_is_0_to_48_candles check (catch_up_candles between 0 and 48),
  constraint external_key_has_1_to_200_characters check (length(external_key) between 1 and 200),
  constraint external_key_is_used_once_in_an_account unique (account_id, external_key)
);

create index traders_by_account on public.traders (account_id, created_at, id);
create index traders_that_catch_up on public.traders (timeframe) where catch_up_candles > 0;

comment on table public.traders is
  'What to watch for. A name and a filter are enough; trader_states shows what became of it.';
comment on column public.traders.id is 'Its id in calls and signals; given once.';
comment on column public.traders.account_id is
  'Whose it is: by default the signed-in user, in the dashboard the operator. Never changes.';
comment on column public.traders.name is 'What its owner calls it, 1 to 100 characters.';
comment on column public.traders.filter is
  'The filter''s text, at most 4,000 characters, for instance: rsi(close, 14) < 30';
comment on column public.traders.timeframe is
  'The candles that trigger it: 1m, 5m, 15m, 30m, 1h, 4h, 1d or 1w.';
comment on column public.traders.universe is
  'The symbols: {} all of USDT; {"symbols": ["BTCUSDT"]}; {"top": 50}; with "quote" and "exclude".';
comment on column public.traders.enabled is
  'The switch: true starts it, false stops it. The state follows in trader_states.';
comment on column public.traders.emit is
  'on_entry: a signal when it becomes true; every_candle: a signal while it is true.';
comment on column public.traders.cooldown_candles is
  'Candles of silence after a signal of the same symbol, 0 to 1,000.';
comment on column public.traders.catch_up_candles is
  'Candles that an outage missed and that are evaluated afterwards, in order, 0 (the newest alone) to 48.';
comment on column public.traders.external_key is
  'What another system calls it, once in an account: by it an import knows what is there.';
comment on column public.traders.created_at is 'When it was made.';
comment on column public.traders.updated_at is 'When it was last edited.';

alter table public.traders enable row level security;

create policy owner_reads_own_traders on public.traders
  for select to authenticated
  using (account_id = (select auth.uid()));

create policy owner_creates_own_traders on public.traders
  for insert to authenticated
  with check (account_id = (select auth.uid()));

create policy owner_edits_own_traders on public.traders
  for update to authenticated
  using (account_id = (select auth.uid()))
  with check (account_id = (select auth.uid()));

create policy owner_deletes_own_traders on public.traders
  for delete to authenticated
  using (account_id = (select auth.uid()));

-- sql/10_tables/070_transitions.sql
-- The state machine of a trader as rows: what is not here cannot happen. apply_events reads it.
create table candlewatch.transitions (
  from_state text not null,
  event text not null,
  to_state text not null,
  meaning text not null,
  constraint transitions_pkey primary key (from_state, event),
  constraint states_exist check (
    from_state in ('stopped', 'starting', 'running', 'error')
    and to_state in ('stopped', 'starting', 'running', 'error')
  )
);

comment on table candlewatch.transitions is
  'Which event moves a trader from which state to which; everything else is forbidden.';
comment on column candlewatch.transitions.from_state is 'State before.';
comment on column candlewatch.transitions.event is 'What happened.';
comment on column candlewatch.transitions.to_state is 'State after.';
comment on column candlewatch.transitions.meaning is 'When this happens.';

alter table candlewatch.transitions enable row level security;

insert into candlewatch.transitions (from_state, event, to_state, meaning) values
  ('stopped', 'start', 'starting', 'enabled was set, or a quota has room again'),
  ('stopped', 'edit', 'stopped', 'the filter changed while it was stopped'),
  ('starting', 'checked', 'running', 'the check found the filter good'),
  ('starting', 'refused', 'error', 'the check found problems; the reason names the first'),
  ('starting', 'edit', 'starting', 'the filter changed again before it was checked'),
  ('starting', 'stop', 'stopped', 'enabled was cleared'),
  ('starting', 'suspend', 'stopped', 'the account is over a limit of its tier'),
  ('running', 'edit', 'starting', 'the filter changed; the new one is checked first'),
  ('running', 'fail', 'error', 'five slots in a row failed; the reason is the last one''s'),
  ('running', 'stop', 'stopped', 'enabled was cleared'),
  ('running', 'suspend', 'stopped', 'the account is over a limit of its tier'),
  ('error', 'start', 'starting', 'its owner tries again'),
  ('error', 'edit', 'starting', 'the filter changed; the new one is checked'),
  ('error', 'stop', 'stopped', 'enabled was cleared'),
  ('error', 'suspend', 'stopped', 'the account is over a limit of its tier');

-- sql/10_tables/080_trader_states.sql
-- What a trader is doing: written by functions alone, state and version by apply_events alone. A
-- trader that is not stopped holds one of its account's running places. What changes with every
-- candle is in candlewatch.trader_memory: claims read this table and find one version of each row.
create table public.trader_states (
  trader_id uuid not null,
  account_id uuid not null,
  state text not null default 'stopped',
  reason text,
  version integer not null default 1,
  filter_id bigint not null,
  changed_at timestamptz not null default now(),
  constraint trader_states_pkey primary key (trader_id),
  constraint state_belongs_to_a_trader
    foreign key (trader_id) references public.traders (id) on delete cascade,
  constraint state_belongs_to_an_account
    foreign key (account_id) references public.accounts (id) on delete cascade,
  constraint state_names_the_filter_in_force
    foreign key (filter_id) references candlewatch.filters (id),
  constraint state_is_one_of_four check (state in ('stopped', 'starting', 'running', 'error')),
  constraint error_has_a_reason check (state <> 'error' or reason is not null),
  constraint reason_belongs_to_error_or_stopped
    check (state in ('error', 'stopped') or reason is null),
  constraint version_is_at_least_1 check (version >= 1)
);

create index trader_states_by_account on public.trader_states (account_id, state);
create index trader_states_by_filter on public.trader_states (filter_id, state);
create index trader_states_that_are_starting on public.trader_states (changed_at)
  where state = 'starting';

comment on table public.trader_states is
  'What each trader is doing and why. Written by functions alone; edit traders instead.';
comment on column public.trader_states.trader_id is 'The trader.';
comment on column public.trader_states.account_id is 'Whose it is.';
comment on column public.trader_states.state is 'stopped, starting, running or error.';
comment on column public.trader_states.reason is
  'Why it is in error, or why it was stopped without its owner''s wish.';
comment on column public.trader_states.version is 'Counts its changes, for optimistic locking.';
comment on column public.trader_states.filter_id is 'The filter in force.';
comment on column public.trader_states.changed_at is 'When the state last changed.';

alter table public.trader_states enable row level security;

create policy owner_reads_own_states on public.trader_states
  for select to authenticated
  using (account_id = (select auth.uid()));

-- sql/10_tables/090_audit_log.sql
-- Who changed which trader, tier or account, when, from what to what. Append-only: a trigger
-- refuses every update and delete but those of the retention.
create table candlewatch.audit_log (
  id bigint generated always as identity,
  at timestamptz not null default clock_timestamp(),
  actor uuid,
  actor_role text not null,
  table_name text not null,
  row_key text not null,
  account_id uuid,
  verb text not null,
  before jsonb,
  after jsonb,
  constraint audit_log_pkey primary key (id),
  constraint verb_is_insert_update_or_delete check (verb in ('insert', 'update', 'delete')),
  constraint update_has_both_sides check (
    (verb = 'insert' and before is null and after is not null)
    or (verb = 'update' and before is not null and after is not null)
    or (verb = 'delete' and before is not null and after is null)
  )
);

create index audit_log_by_row on candlewatch.audit_log (table_name, row_key, id);
create index audit_log_by_time on candlewatch.audit_log (at);

comment on table candlewatch.audit_log is
  'Every change of a trader, a tier or an account: who, when, from what to what. Append-only.';
comment on column candlewatch.audit_log.actor is 'The signed-in user; empty for the operator.';
comment on column candlewatch.audit_log.actor_role is 'The database role that made the change.';
comment on column candlewatch.audit_log.row_key is 'Primary key of the row.';
comment on column candlewatch.audit_log.account_id is 'The account that the row belongs to.';
comment on column candlewatch.audit_log.before is 'The columns that changed, as they were.';
comment on column candlewatch.audit_log.after is 'The columns that changed, as they are.';

alter table candlewatch.audit_log enable row level security;

-- sql/10_tables/100_call_buckets.sql
-- The rate limit of each user: a bucket of calls that fills by the minute. Hot and worthless after
-- a crash, hence unlogged and without a foreign key.
create unlogged table candlewatch.call_buckets (
  account_id uuid not null,
  calls_left double precision not null,
  filled_at timestamptz not null,
  refused_count bigint not null default 0,
  constraint call_buckets_pkey primary key (account_id),
  constraint calls_left_is_at_least_0 check (calls_left >= 0)
) with (fillfactor = 50);

comment on table candlewatch.call_buckets is
  'How many changing calls each user has left, as of the time it was last filled.';
comment on column candlewatch.call_buckets.account_id is 'The user.';
comment on column candlewatch.call_buckets.calls_left is 'Calls left at that time.';
comment on column candlewatch.call_buckets.filled_at is 'When calls_left was computed.';
comment on column candlewatch.call_buckets.refused_count is
  'Calls of functions that were refused so far; a refused change of rows undoes its own count.';

alter table candlewatch.call_buckets enable row level security;

-- sql/10_tables/110_idempotency_keys.sql
-- What a call that creates something answered, by the key that its caller chose: the same key gives
-- the same answer, and the same key with another request is refused. Kept for a day.
create table candlewatch.idempotency_keys (
  account_id uuid not null,
  key text not null,
  request_hash bytea not null,
  answer jsonb,
  created_at timestamptz not null default now(),
  constraint idempotency_keys_pkey primary key (account_id, key),
  constraint key_belongs_to_an_account
    foreign key (account_id) references public.accounts (id) on delete cascade,
  constraint key_has_1_to_200_characters check (length(key) between 1 and 200)
);

create index idempotency_keys_by_time on candlewatch.idempotency_keys (created_at);

comment on table candlewatch.idempotency_keys is
  'Answers by the idempotency key of the request, so that a repeated call creates nothing twice.';
comment on column candlewatch.idempotency_keys.key is 'The Idempotency-Key that the caller sent.';
comment on column candlewatch.idempotency_keys.request_hash is 'SHA-256 of the request.';
comment on column candlewatch.idempotency_keys.answer is 'What the first call answered.';

alter table candlewatch.idempotency_keys enable row level security;

-- sql/10_tables/120_templates.sql
-- Filters to start from. Users clone them with clone_template; the operator edits them in the
-- dashboard.
create table public.templates (
  slug text not null,
  name text not null,
  description text not null,
  filter text not null,
  timeframe text not null default '1h',
  universe jsonb not null default '{}',
  emit text not null default 'on_entry',
  position integer not null default 100,
  constraint templates_pkey primary key (slug),
  constraint slug_is_lower_case_words check (slug ~ '^[a-z0-9]+(-[a-z0-9]+)*$'),
  constraint name_has_1_to_100_characters
    check (length(btrim(name)) >= 1 and length(name) <= 100),
  constraint description_is_not_empty check (length(btrim(description)) >= 1),
  constraint filter_has_1_to_4000_characters
    check (length(btrim(filter)) >= 1 and length(filter) <= 4000),
  constraint timeframe_exists foreign key (timeframe) references candlewatch.timeframes (name),
  constraint universe_is_an_object check (jsonb_typeof(universe) = 'object'),
  constraint emit_is_on_entry_or_every_candle check (emit in ('on_entry', 'every_candle'))
);

comment on table public.templates is 'Filters to start from: clone_template makes a trader of one.';
comment on column public.templates.slug is
  'Its name in calls, for instance oversold-in-an-uptrend.';
comment on column public.templates.name is 'What the trader made from it is called.';
comment on column public.templates.description is 'What it watches for, in a sentence.';
comment on column public.templates.filter is 'The filter''s text.';
comment on column public.templates.timeframe is 'The candles that trigger it.';
comment on column public.templates.universe is 'The symbols, as in traders.';
comment on column public.templates.emit is 'on_entry or every_candle, as in traders.';
comment on column public.templates.position is 'Where it stands in lists, smallest first.';

alter table public.templates enable row level security;

create policy everybody_reads_templates on public.templates
  for select to anon, authenticated
  using (true);

-- sql/10_tables/125_template_rows.sql
-- The ten filters that ship. The operator may edit, remove and add in the dashboard.
insert into public.templates (position, slug, timeframe, name, description, filter) values
  (10, 'oversold-in-an-uptrend', '1h', 'Oversold in an uptrend',
    'RSI under 30 on the hour while the price is above its long average on 4 hours.',
    $$uptrend = at("4h", close > ema(close, 200))
strength = rsi(close, 14)
strength < 30 and uptrend
$$),
  (20, 'golden-cross', '4h', 'Golden cross',
    'The 50 candle average crosses above the 200 candle average.',
    $$fast, slow = sma(close, 50), sma(close, 200)
crossed_above(fast, slow)
$$),
  (30, 'breakout-with-volume', '1h', 'Breakout with volume',
    'The close is above the highest price of the 20 candles before, on twice the usual volume.',
    $$ceiling = highest(high, 20)[1]
usual = sma(volume, 20)[1]
close > ceiling and volume > 2 * usual
$$),
  (40, 'squeeze-release', '1h', 'Squeeze release',
    'The price leaves its Bollinger bands upwards after they were narrower than for 100 candles.',
    $$upper, middle, lower = bbands(close, 20, 2, 2)
width = (upper - lower) / middle
tight = any(width <= lowest(width, 100), 6)
tight and crossed_above(close, upper)
$$),
  (50, 'macd-turns-up', '4h', 'MACD turns up',
    'The MACD line crosses above its signal line below zero: a fall that may be over.',
    $$line, signal, histogram = macd(close, 12, 26, 9)
crossed_above(line, signal) and line < 0
$$),
  (60, 'strongest-ten', '1h', 'Strongest ten',
    'Enters the ten symbols that rose most in 24 hours.',
    $$gain = change_pct(close, 24)
place = rank(gain)
place <= 10 and gain > 0
$$),
  (70, 'pullback-to-the-average', '1h', 'Pullback to the average',
    'In an orderly uptrend the price touches its 20 candle average and closes above it.',
    $$fast, middle, slow = ema(close, 20), ema(close, 50), ema(close, 200)
orderly = fast > middle > slow
orderly and low <= fast and close > fast and not any(low[1] <= fast[1], 5)[1]
$$),
  (80, 'stronger-than-bitcoin', '1h', 'Stronger than Bitcoin',
    'Five points ahead of Bitcoin over 24 hours while Bitcoin itself is not falling.',
    $$own = change_pct(close, 24)
bitcoin = of("BTCUSDT", change_pct(close, 24))
calm = of("BTCUSDT", rsi(close, 14) > 45)
own > bitcoin + 5 and calm
$$),
  (90, 'volume-spike', '5m', 'Volume spike',
    'Five minutes with far more volume than usual and a rising price.',
    $$spike = zscore(volume, 100)
spike > 4 and close > open
$$),
  (100, 'supertrend-turns-up', '4h', 'Supertrend turns up',
    'The Supertrend changes from falling to rising.',
    $$trend = supertrend(10, 3)
direction, level = trend.direction, trend.value
direction > 0 and direction[1] < 0
$$);

-- sql/10_tables/130_quota_reviews.sql
-- Accounts whose limits or places changed: the tick stops what is over a limit and resumes what has
-- room again, and takes the row away. Nothing scans all accounts for it.
create table candlewatch.quota_reviews (
  account_id uuid not null,
  asked_at timestamptz not null default now(),
  constraint quota_reviews_pkey primary key (account_id),
  constraint review_is_of_an_account
    foreign key (account_id) references public.accounts (id) on delete cascade
);

comment on table candlewatch.quota_reviews is
  'Accounts whose quota the next tick reviews: their limits or their places changed.';
comment on column candlewatch.quota_reviews.asked_at is 'When the review was asked for.';

alter table candlewatch.quota_reviews enable row level security;

-- sql/10_tables/205_settings.sql
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

-- sql/10_tables/210_queue_state.sql
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

-- sql/10_tables/215_tenants.sql
-- One row per account: the parent of its ready and leased jobs, locked before any of them or its seat
-- changes. Nobody updates it: a lock leaves no version behind that an old snapshot would keep.
create table candlewatch.tenants (
  account_id uuid primary key references public.accounts (id) on delete cascade
);
alter table candlewatch.tenants enable row level security;
comment on table candlewatch.tenants is
  'One row per account: whoever changes its jobs or its seat locks it first.';

-- A tenant's seat in the queue, one each, under the tenant's lock. head_tag is its place in the walk
-- while it has ready work and room under its cap, else null: the index holds exactly the tenants
-- whom a claim may serve, in the order in which it serves them. turn counts its places: the newest
-- version of a seat has a key of its own and is found at once, while a long transaction keeps the
-- older ones.
create table candlewatch.seats (
  account_id uuid not null references candlewatch.tenants (account_id) on delete cascade,
  turn bigint not null default 0,
  concurrency_limit integer not null,
  weight float8 not null,
  ready_count integer not null default 0,
  leased_count integer not null default 0,
  first_tag float8,
  head_tag float8,
  last_tag float8 not null default 0,
  lowered_at timestamptz,
  primary key (account_id, turn),
  constraint weight_is_positive check (weight > 0),
  constraint concurrency_is_positive check (concurrency_limit > 0),
  constraint ready_jobs_are_not_negative check (ready_count >= 0),
  constraint leased_jobs_are_not_negative check (leased_count >= 0),
  constraint first_tag_means_ready_work check ((first_tag is not null) = (ready_count > 0)),
  constraint head_is_not_before_the_first_job check (head_tag >= first_tag),
  constraint head_means_ready_work_and_room check (
    (head_tag is not null) = (ready_count > 0 and leased_count < concurrency_limit)
  )
) with (fillfactor = 50, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000,
  autovacuum_vacuum_cost_delay = 0);
create index seats_by_head_tag on candlewatch.seats (head_tag) where head_tag is not null;
alter table candlewatch.seats enable row level security;
comment on table candlewatch.seats is
  'One row per tenant: its cap and weight, its ready and leased jobs, and its place in the queue.';
comment on column candlewatch.seats.turn is 'Counts the changes of head_tag.';
comment on column candlewatch.seats.head_tag is
  'max(first_tag, floor of the walk) while there is room under the cap, else null.';
comment on column candlewatch.seats.first_tag is
  'Tag of its first ready job; its jobs are read from there.';
comment on column candlewatch.seats.lowered_at is
  'When the cap was last lowered: jobs leased before may exceed it until they end.';
comment on column candlewatch.seats.last_tag is
  'Tag of the job enqueued last: where the next one starts.';

-- sql/10_tables/220_symbols.sql
-- What the exchange lists. A position is given once and never reused: frames and bit strings are
-- indexed by it.
create table public.symbols (
  position integer primary key,
  symbol text not null unique,
  base_asset text not null,
  quote_asset text not null,
  trading boolean not null,
  quote_volume float8 not null default 0,
  listed_at timestamptz not null,
  changed_at timestamptz not null,
  constraint position_is_not_negative check (position >= 0),
  constraint quote_volume_is_a_finite_amount check (
    quote_volume >= 0 and quote_volume < 'infinity'::float8
  )
);
create index symbols_by_volume on public.symbols (quote_asset, trading, quote_volume desc, position);
alter table public.symbols enable row level security;
create policy everybody_reads_symbols on public.symbols for select to anon, authenticated using (true);
comment on table public.symbols is
  'The exchange''s symbols; a position is given once and indexes frames and bit strings.';
comment on column public.symbols.quote_volume is 'Volume of the last 24 hours in the quote asset.';
comment on column public.symbols.trading is
  'False while halted or after delisting: unknown to every filter.';

-- Goes up whenever the list changes in a way that universes can see.
create table candlewatch.symbol_revision (
  one boolean primary key default true,
  revision bigint not null default 0,
  constraint symbol_revision_is_one_row check (one)
);
alter table candlewatch.symbol_revision enable row level security;
comment on table candlewatch.symbol_revision is
  'One row: how often the list of symbols has changed.';

insert into candlewatch.symbol_revision default values;

-- sql/10_tables/225_frames.sql
-- One row per (timeframe, open time): all symbols' candles in one packed value. packed = big-endian
-- float64, field after field (open, high, low, close, volume, quote volume), each by symbol
-- position; NaN is "not known"; a later frame may have more positions. External storage: a
-- substring reads only the pages that it needs, and nothing is spent on compressing noise.
create table candlewatch.frames (
  timeframe text not null references candlewatch.timeframes (name),
  open_time timestamptz not null,
  revision integer not null default 1,
  packed bytea not null,
  unknown_count integer not null,
  absent_count integer not null default 0,
  stored_at timestamptz not null,
  primary key (timeframe, open_time),
  constraint packed_is_six_fields_of_float64 check (octet_length(packed) % 48 = 0),
  constraint revision_starts_at_one check (revision >= 1)
) with (autovacuum_vacuum_scale_factor = 0.05);
alter table candlewatch.frames alter column packed set storage external;
alter table candlewatch.frames enable row level security;
create policy everybody_reads_frames on candlewatch.frames
  for select to anon, authenticated using (true);
comment on table candlewatch.frames is
  'All symbols'' candles of one timeframe at one open time, packed; public.candles shows them as rows.';
comment on column candlewatch.frames.unknown_count is
  'Symbols that traded when the frame was stored and whose candle it does not know: to be repaired.';
comment on column candlewatch.frames.absent_count is
  'Such candles that the exchange, asked a day later, does not have: not asked for again.';
comment on column candlewatch.frames.revision is 'Goes up by one when a repair changes the frame.';

-- How often history behind the newest candle changed (backfill, repair): a function whose count
-- differs loads its window anew.
create table candlewatch.repairs (
  timeframe text primary key references candlewatch.timeframes (name),
  repair_count integer not null default 0
) with (fillfactor = 30);
alter table candlewatch.repairs enable row level security;
comment on table candlewatch.repairs is
  'How often stored frames of a timeframe were added behind the newest or changed.';

insert into candlewatch.repairs (timeframe) select t.name from candlewatch.timeframes as t;

-- sql/10_tables/230_dispatches.sql
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

-- sql/10_tables/235_ready.sql
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

-- sql/10_tables/240_leased.sql
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

-- sql/10_tables/250_universes.sql
-- A universe as traders state it, resolved to a bit string by symbol position. Equal statements of
-- many traders are one row, so that a change of the exchange's list is resolved once per statement.
create table candlewatch.universes (
  id bigint generated always as identity primary key,
  stated jsonb not null,
  symbols_limit integer not null,
  revision bigint not null,
  bits bit varying not null,
  unknown_symbols text[] not null default '{}',
  unique (stated, symbols_limit)
);
create index universes_by_revision on candlewatch.universes (revision);
alter table candlewatch.universes enable row level security;
comment on table candlewatch.universes is
  'Each universe that traders state, once, with its symbols as bits by position.';
comment on column candlewatch.universes.unknown_symbols is
  'Names in the statement that the exchange does not list; their owners are told.';

-- What a trader remembers from candle to candle; one update for each of its slots. A page has room
-- for a second version of each row.
create table candlewatch.trader_memory (
  trader_id uuid primary key references public.traders (id) on delete cascade,
  universe_id bigint not null references candlewatch.universes (id),
  failure_count integer not null default 0,
  last_candle_at timestamptz,
  matched bit varying not null default '',
  constraint failure_count_is_at_least_0 check (failure_count >= 0)
) with (fillfactor = 45, autovacuum_vacuum_scale_factor = 0.02);
create index trader_memory_by_universe on candlewatch.trader_memory (universe_id);
alter table candlewatch.trader_memory enable row level security;
comment on table candlewatch.trader_memory is
  'Per trader: its universe, its last candle, failures in a row, and the symbols that matched last.';
comment on column candlewatch.trader_memory.failure_count is
  'Slots in a row that failed: 3 warn, 5 put it in error.';
comment on column candlewatch.trader_memory.last_candle_at is
  'Open time of the newest candle that it was evaluated on.';
comment on column candlewatch.trader_memory.matched is
  'By symbol position, what its filter matched on the last candle: entries are judged by it.';

-- sql/10_tables/260_signals.sql
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

-- sql/10_tables/270_tasks.sql
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

-- sql/10_tables/280_exchange_states.sql
-- The exchange's patience with us, one row per source, honoured by every function: the weight used
-- in the running minute and, while it refuses us, until when nobody calls. After that one probe
-- may.
create table candlewatch.exchange_states (
  source text primary key,
  state text not null default 'open',
  retry_at timestamptz,
  probing_until timestamptz,
  weight_limit integer not null default 3000,
  weight_used integer not null default 0,
  minute_at timestamptz not null,
  note text not null default '',
  changed_at timestamptz not null,
  constraint state_is_known check (
    state in ('open', 'throttled', 'banned', 'forbidden', 'unavailable')
  ),
  constraint refusal_has_an_end check ((state = 'open') = (retry_at is null)),
  constraint only_a_refusal_is_probed check (state <> 'open' or probing_until is null),
  constraint weight_is_positive check (weight_limit > 0 and weight_used >= 0)
) with (fillfactor = 30, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 200);
alter table candlewatch.exchange_states enable row level security;
comment on table candlewatch.exchange_states is
  'Weight used this minute and any refusal (throttled, banned, forbidden) of each market data source.';
comment on column candlewatch.exchange_states.weight_limit is
  'Request weight per minute that we allow ourselves: half of the exchange''s 6,000 unless changed.';

-- sql/10_tables/290_runs.sql
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

-- sql/10_tables/300_schedules.sql
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

-- sql/10_tables/310_queue_types.sql
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
