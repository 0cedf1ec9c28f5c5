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
