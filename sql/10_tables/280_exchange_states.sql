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
