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
