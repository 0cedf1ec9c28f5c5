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
