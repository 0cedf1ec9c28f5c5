-- Removes what is past its time: partitions whole, rows of small tables up to p_limit each, and the
-- logs that pg_cron and pg_net would keep. Returns how many partitions and rows went.
create or replace function candlewatch.prune(p_limit integer)
returns integer
language plpgsql
set search_path = ''
as $$
declare
  v_settings candlewatch.settings;
  v_now timestamptz := candlewatch.lease_clock();
  v_count integer;
begin
  select s.* into v_settings from candlewatch.settings as s;
  v_count := candlewatch.drop_partitions(
      'public.signals', candlewatch.market_now() - v_settings.signals_kept
    )
    + candlewatch.drop_partitions('candlewatch.lease_log', v_now - v_settings.history_kept)
    + candlewatch.drop_partitions('candlewatch.slot_outcomes', v_now - v_settings.history_kept)
    + candlewatch.prune_frames(p_limit)
    + candlewatch.prune_history(v_now - v_settings.history_kept, p_limit)
    + candlewatch.prune_filters(v_now - v_settings.history_kept, p_limit)
    + candlewatch.prune_logs(v_now - v_settings.log_kept, p_limit)
    + candlewatch.prune_access(p_limit);
  return v_count;
end
$$;
comment on function candlewatch.prune(integer) is
  'Removes what is past its time, bounded: partitions whole, rows in small numbers.';
