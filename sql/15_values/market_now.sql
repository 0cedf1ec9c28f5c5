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
