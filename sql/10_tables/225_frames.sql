-- One row per (timeframe, open time): all symbols' candles in one packed value. packed = big-endian
-- float64, field after field (open, high, low, close, volume, quote volume), each by symbol
-- position; NaN is "not known"; a later frame may have more positions. External storage: a
-- substring reads only the pages that it needs, and nothing is spent on compressing noise.
create table candlewatch.frames (
  timeframe text not null references candlewatch.timeframes (name),
  open_time timestamptz not null,
  revision integer not null default 1,
  packed bytea not null,
  unknown_count integer not null,
  absent_count integer not null default 0,
  stored_at timestamptz not null,
  primary key (timeframe, open_time),
  constraint packed_is_six_fields_of_float64 check (octet_length(packed) % 48 = 0),
  constraint revision_starts_at_one check (revision >= 1)
) with (autovacuum_vacuum_scale_factor = 0.05);
alter table candlewatch.frames alter column packed set storage external;
alter table candlewatch.frames enable row level security;
create policy everybody_reads_frames on candlewatch.frames
  for select to anon, authenticated using (true);
comment on table candlewatch.frames is
  'All symbols'' candles of one timeframe at one open time, packed; public.candles shows them as rows.';
comment on column candlewatch.frames.unknown_count is
  'Symbols that traded when the frame was stored and whose candle it does not know: to be repaired.';
comment on column candlewatch.frames.absent_count is
  'Such candles that the exchange, asked a day later, does not have: not asked for again.';
comment on column candlewatch.frames.revision is 'Goes up by one when a repair changes the frame.';

-- How often history behind the newest candle changed (backfill, repair): a function whose count
-- differs loads its window anew.
create table candlewatch.repairs (
  timeframe text primary key references candlewatch.timeframes (name),
  repair_count integer not null default 0
) with (fillfactor = 30);
alter table candlewatch.repairs enable row level security;
comment on table candlewatch.repairs is
  'How often stored frames of a timeframe were added behind the newest or changed.';

insert into candlewatch.repairs (timeframe) select t.name from candlewatch.timeframes as t;
