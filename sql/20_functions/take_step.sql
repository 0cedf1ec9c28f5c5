-- One step of the tick by its name; null when its schedule is not due.
create or replace function candlewatch.take_step(p_step text)
returns integer
language plpgsql
set search_path = ''
as $$
declare
  v_settings candlewatch.settings;
begin
  select s.* into v_settings from candlewatch.settings as s;
  case p_step
    when 'partitions' then perform candlewatch.prepare_partitions();
    when 'lapsed' then return candlewatch.return_lapsed();
    when 'tasks' then
      return (
        select sum(candlewatch.return_lapsed_tasks(k.kind, 100))
        from unnest(array['ingest', 'backfill', 'universe', 'check']) as k (kind)
      );
    when 'ingest' then return candlewatch.plan_ingest()::integer;
    when 'universe' then
      if candlewatch.take_turn('universe') or not exists (select from public.symbols) then
        return (candlewatch.plan_universe() is not null)::integer;
      end if;
    when 'history' then
      if candlewatch.take_turn('history') then return candlewatch.plan_history(); end if;
    when 'repair' then
      if candlewatch.take_turn('repair') then return candlewatch.plan_repair(); end if;
    when 'universes' then return candlewatch.refresh_universes(100);
    when 'quotas' then return candlewatch.enforce_quotas(100);
    when 'starting' then return candlewatch.settle_late(100);
    when 'retries' then return candlewatch.ready_retries(v_settings.sweep_jobs);
    when 'expired' then return candlewatch.expire_waiting(v_settings.sweep_jobs);
    when 'caught up' then return candlewatch.open_catch_ups();
    when 'enqueued' then return candlewatch.enqueue_chunks(v_settings.tick_chunks);
    when 'tallies' then
      perform candlewatch.lift_heads();
      return candlewatch.fold_tallies(5000);
    when 'retention' then
      if candlewatch.take_turn('retention') then return candlewatch.prune(1000); end if;
    when 'reckoning' then
      if candlewatch.take_turn('reckoning') then return candlewatch.reckon(); end if;
    when 'wakes' then
      return (select sum(candlewatch.wake(f.name)) from candlewatch.functions as f);
  end case;
  return null;
end
$$;
comment on function candlewatch.take_step(text) is 'One step of the tick, by its name.';
