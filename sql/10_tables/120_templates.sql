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
