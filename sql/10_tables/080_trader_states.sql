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
