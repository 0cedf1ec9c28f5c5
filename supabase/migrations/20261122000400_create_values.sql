-- sql/15_values/back_off.sql
-- Seconds to wait before attempt p_attempt + 1: full jitter under a doubling bound. The jitter
-- spreads retries that failed together.
create or replace function candlewatch.back_off(p_attempt integer)
returns interval
language sql
volatile
begin atomic
  select pg_catalog.make_interval(secs => (0.5 + pg_catalog.random() / 2) * least(
    s.backoff_cap_seconds,
    s.backoff_base_seconds * pg_catalog.power(2::float8, (greatest(p_attempt, 1) - 1)::float8)
  ))
  from candlewatch.settings as s;
end;
comment on function candlewatch.back_off(integer) is
  'How long to wait after so many attempts: doubling, bounded, with jitter.';

-- sql/15_values/bytes_of_time.sql
-- Milliseconds since the epoch of a time, as 8 bytes, big-endian: how a packed frame names its
-- candle.
create or replace function candlewatch.bytes_of_time(p_moment timestamptz)
returns bytea
language sql
immutable
begin atomic
  select pg_catalog.int8send((extract(epoch from p_moment) * 1000)::bigint);
end;
comment on function candlewatch.bytes_of_time(timestamptz) is
  'Milliseconds since the epoch as 8 bytes, big-endian.';

-- sql/15_values/candle_length.sql
-- The length of a candle of this timeframe; null for a name that does not exist.
create or replace function candlewatch.candle_length(p_timeframe text)
returns interval
language sql
stable
begin atomic
  select pg_catalog.make_interval(secs => (t.length_ms / 1000)::float8)
  from candlewatch.timeframes as t
  where t.name = p_timeframe;
end;
comment on function candlewatch.candle_length(text) is 'The length of a candle of this timeframe.';

-- sql/15_values/candle_start.sql
-- Open time of the candle of this timeframe that contains the moment: UTC epoch arithmetic, weeks
-- from Monday. A moment on a boundary opens its candle.
create or replace function candlewatch.candle_start(p_timeframe text, p_moment timestamptz)
returns timestamptz
language sql
stable
begin atomic
  select pg_catalog.to_timestamp((
    pg_catalog.floor((extract(epoch from p_moment) * 1000 - t.offset_ms) / t.length_ms)
    * t.length_ms + t.offset_ms
  )::float8 / 1000)
  from candlewatch.timeframes as t
  where t.name = p_timeframe;
end;
comment on function candlewatch.candle_start(text, timestamptz) is
  'Open time of the candle of this timeframe that contains the moment.';

-- sql/15_values/fit_bits.sql
-- p_bits with exactly p_length bits: cut, or filled with zeros behind.
create or replace function candlewatch.fit_bits(p_bits bit varying, p_length integer)
returns bit varying
language sql
immutable
begin atomic
  select pg_catalog."bit"(p_bits, p_length, true)::bit varying;
end;
comment on function candlewatch.fit_bits(bit varying, integer) is
  'A bit string cut or filled with zeros to a length.';

-- sql/15_values/float8_of_word.sql
-- The IEEE 754 double whose bits these are, exactly, infinities and NaN included. A plain
-- expression, so that it is inlined; the conversion from bytes to numbers exists in no Postgres
-- before 18.
create or replace function candlewatch.float8_of_word(p_word bigint)
returns float8
language sql
immutable
begin atomic
  select case
    when (p_word >> 52) & 2047 = 2047 and p_word & 4503599627370495 <> 0 then 'NaN'::float8
    when (p_word >> 52) & 2047 = 2047 and p_word < 0 then '-Infinity'::float8
    when (p_word >> 52) & 2047 = 2047 then 'Infinity'::float8
    when (p_word >> 52) & 2047 = 0 then
      case when p_word < 0 then -1 else 1 end::float8
      * (p_word & 4503599627370495)::float8 * pg_catalog.power(2::float8, -1074::float8)
    else
      case when p_word < 0 then -1 else 1 end::float8
      * ((p_word & 4503599627370495) | 4503599627370496)::float8
      * pg_catalog.power(2::float8, (((p_word >> 52) & 2047) - 1075)::float8)
  end;
end;
comment on function candlewatch.float8_of_word(bigint) is
  'The IEEE 754 double with these 64 bits, exactly.';

-- sql/15_values/market_now.sql
-- The market's clock, by which candles close. It is the wall clock but where a replay drives the
-- market: its stack replaces this body.
create or replace function candlewatch.market_now()
returns timestamptz
language sql
stable
begin atomic
  select candlewatch.now();
end;
comment on function candlewatch.market_now() is
  'The market''s time, by which candles are due; a replay replaces it.';

-- sql/15_values/set_bits.sql
-- The positions of the bits that are set, from 0, in order. Made for strings with few of them: each
-- costs a search, where looking at every position costs the whole length.
create or replace function candlewatch.set_bits(p_bits bit varying)
returns setof integer
language plpgsql
immutable
set search_path = ''
rows 3
as $$
declare
  v_rest bit varying := p_bits;
  v_before integer := 0;
  v_next integer := position(b'1' in p_bits);
begin
  while v_next > 0 loop
    v_before := v_before + v_next;
    return next v_before - 1;
    v_rest := substring(v_rest from v_next + 1);
    v_next := position(b'1' in v_rest);
  end loop;
end
$$;
comment on function candlewatch.set_bits(bit varying) is
  'The positions of the bits that are set, from 0.';

-- sql/15_values/verdict_on.sql
-- How a slot ends, by what is known of it under the lock on its trader's state, and why. It returns a
-- set and is plain, so that it is inlined.
create or replace function candlewatch.verdict_on(
  p_state text,
  p_is_foreign boolean,
  p_is_late boolean,
  p_is_edited boolean,
  p_failure text,
  p_has_result boolean,
  p_is_last boolean,
  out outcome text,
  out reason text
)
returns setof record
language sql
immutable
begin atomic
  select
    case
      when p_state is null or p_state in ('stopped', 'error') or p_is_foreign then 'skipped'
      when p_is_late then 'expired'
      when p_is_edited or p_state <> 'running' then
        case when p_is_last then 'skipped' else 'retried' end
      when p_failure is not null or not p_has_result then
        case when p_is_last then 'failed' else 'retried' end
      else 'done'
    end,
    case
      when p_state is null then 'the trader was deleted'
      when p_state in ('stopped', 'error') then 'the trader is not running: ' || p_state
      when p_is_foreign then 'the timeframe was edited'
      when p_is_late then 'a newer candle was evaluated first'
      when p_is_edited or p_state <> 'running' then 'the filter was edited'
      when p_failure is not null then
        coalesce(nullif(pg_catalog.left(p_failure, 500), ''), 'the evaluation failed')
      when not p_has_result then 'no result'
      else ''
    end;
end;
comment on function candlewatch.verdict_on(
  text, boolean, boolean, boolean, text, boolean, boolean
) is 'How a slot ends and why, by what is known of it.';

-- sql/15_values/word_at.sql
-- The 64 bits of field p_field (0 open, 1 high, 2 low, 3 close, 4 volume, 5 quote volume) at
-- p_position of a packed frame; those of NaN where the frame ends before that position.
create or replace function candlewatch.word_at(
  p_packed bytea,
  p_field integer,
  p_position integer
)
returns bigint
language sql
immutable
begin atomic
  select case
    when p_position < pg_catalog.octet_length(p_packed) / 48 then
      ('x' || pg_catalog.encode(pg_catalog.substring(
        p_packed, (pg_catalog.octet_length(p_packed) / 48 * p_field + p_position) * 8 + 1, 8
      ), 'hex'))::bit(64)::bigint
    else 9221120237041090560
  end;
end;
comment on function candlewatch.word_at(bytea, integer, integer) is
  'Bits of one number in a packed frame: fields open, high, low, close, volume, quote volume are 0 to 5.';
