-- Derived candles are audited on a sample at each close of a longer timeframe: a run that saw one
-- differ from the exchange's own tells it here for an hour.
create or replace view monitor.broken_candles
with (security_invoker = on)
as
select 'derived candles are the exchange''s own' as invariant, 'run ' || r.id as subject,
  format('%s of %s audited candles differ', r.counts ->> 'ingest_differing',
    r.counts ->> 'ingest_audited') as detail
from candlewatch.runs as r
where r.started_at > candlewatch.lease_clock() - interval '1 hour'
  and r.counts -> 'ingest_differing' > '0';
comment on view monitor.broken_candles is
  'Runs in which derived candles differed from the exchange''s own. Empty is right.';
