-- The timeframes that exist. Boundaries are UTC epoch arithmetic: offset_ms + n * length_ms since
-- 1970; weeks start on Monday. kept_count is the retention of frames, stated per timeframe.
create table candlewatch.timeframes (
  name text primary key,
  length_ms bigint not null unique,
  offset_ms bigint not null default 0,
  kept_count integer not null,
  constraint length_is_whole_minutes check (length_ms > 0 and length_ms % 60000 = 0),
  constraint offset_is_inside_one_candle check (offset_ms >= 0 and offset_ms < length_ms),
  constraint kept_covers_the_deepest_window check (kept_count >= 1536)
);
alter table candlewatch.timeframes enable row level security;
create policy everybody_reads_timeframes on candlewatch.timeframes
  for select to anon, authenticated using (true);
comment on table candlewatch.timeframes is
  'The candle lengths that exist, by the exchange''s names, and how many frames of each are kept.';

insert into candlewatch.timeframes (name, length_ms, offset_ms, kept_count)
values
  ('1m', 60000, 0, 4320),
  ('5m', 300000, 0, 4032),
  ('15m', 900000, 0, 2976),
  ('30m', 1800000, 0, 2976),
  ('1h', 3600000, 0, 2976),
  ('4h', 14400000, 0, 2190),
  ('1d', 86400000, 0, 1830),
  ('1w', 604800000, 345600000, 1536);
