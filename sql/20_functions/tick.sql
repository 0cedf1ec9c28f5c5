-- Does what is due by the rows, whoever calls it and however often: one caller at a time (the
-- others return at once), each step bounded and undone alone when it fails, no step waiting longer
-- for a lock than a tenth of a second. Returns what each step counted.
create or replace function candlewatch.tick()
returns jsonb
language plpgsql
set search_path = ''
as $$
declare
  v_step text;
  v_count integer;
  v_counts jsonb := jsonb '{}';
begin
  if not pg_try_advisory_xact_lock(hashtextextended('candlewatch.tick', 0)) then
    return jsonb '{"busy": 1}';
  end if;
  perform set_config('lock_timeout', '100ms', true);
  foreach v_step in array array[
    'partitions', 'lapsed', 'tasks', 'ingest', 'universe', 'history', 'repair', 'universes',
    'quotas', 'starting', 'retries', 'expired', 'tallies', 'caught up', 'enqueued', 'retention', 'reckoning',
    'wakes'
  ] loop
    begin
      v_count := candlewatch.take_step(v_step);
      v_counts := v_counts || jsonb_build_object(v_step, v_count);
    exception
      when others then
        raise warning 'step % of the tick failed: % (%)', v_step, sqlerrm, sqlstate;
        v_counts := v_counts || jsonb_build_object('failed', coalesce(v_counts -> 'failed', '{}')
          || jsonb_build_object(v_step, sqlerrm));
    end;
  end loop;
  update candlewatch.schedules as s
  set last_at = candlewatch.lease_clock()
  where s.name = 'tick';
  return jsonb_strip_nulls(v_counts);
end
$$;
comment on function candlewatch.tick() is
  'Does what is due: returns lapsed leases, plans tasks, enqueues, prunes, wakes. Harmless to repeat.';
