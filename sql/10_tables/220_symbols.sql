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
