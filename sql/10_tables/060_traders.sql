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
