-- Carries out the verdicts of a completion, under the caller's locks on the traders' states, and
-- says what was done, and the cost of the jobs that had slots done. The signals of the slots that
-- are done are written here, in the transaction that ends them.
create or replace function candlewatch.settle_slots(
  p_verdicts candlewatch.verdict[],
  p_results jsonb
)
returns jsonb
language plpgsql
set search_path = ''
as $$
declare
  v_entries candlewatch.entry[];
  v_signals candlewatch.signal_count[];
begin
  v_entries := array(select e from candlewatch.decide_entries(p_verdicts, p_results) as e);
  if cardinality(v_entries) > 0 then
    v_signals := array(select s from candlewatch.write_signals(v_entries) as s);
  end if;
  perform candlewatch.end_slots(p_verdicts, v_entries, v_signals);
  perform candlewatch.retry_slots(p_verdicts);
  return (
    select jsonb_build_object(
      'outcome', 'done',
      'slots', jsonb_build_object(
        'done', count(*) filter (where v.outcome = 'done'),
        'skipped', count(*) filter (where v.outcome = 'skipped'),
        'failed', count(*) filter (where v.outcome = 'failed'),
        'expired', count(*) filter (where v.outcome = 'expired'),
        'retried', count(*) filter (where v.outcome = 'retried')
      ),
      'signals', coalesce((select sum(s.signals) from unnest(v_signals) as s), 0),
      'cost', coalesce((
        select sum(j.cost)
        from (
          select distinct v.job_id, v.cost from unnest(p_verdicts) as v where v.outcome = 'done'
        ) as j
      ), 0)
    )
    from unnest(p_verdicts) as v
  );
end
$$;
comment on function candlewatch.settle_slots(candlewatch.verdict[], jsonb) is
  'Carries out the verdicts of a completion and says what was done.';
