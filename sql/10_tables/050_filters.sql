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
