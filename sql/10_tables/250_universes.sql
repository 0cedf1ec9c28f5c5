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
