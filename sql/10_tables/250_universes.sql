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

-- What a running trader remembers between candles: which symbols its filter matched last.
create table candlewatch.trader_memory (
  trader_id uuid primary key references public.traders (id) on delete cascade,
  universe_id bigint not null references candlewatch.universes (id),
  matched bit varying not null default ''
) with (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02);
create index trader_memory_by_universe on candlewatch.trader_memory (universe_id);
alter table candlewatch.trader_memory enable row level security;
comment on table candlewatch.trader_memory is
  'Per trader: its universe, and the symbols that matched on the last candle (entries are judged by it).';
