-- Turns what waits into ready jobs, for a worker that found nothing to claim: retries whose
-- back-off is over, else waiting slots that have to expire, else the next chunk of the oldest
-- dispatch. One step a call, so that each is a short transaction that locks tenants once. 0 slots:
-- nothing is left to do, or another worker is at it ("elsewhere"). Definer: the worker may call
-- this and may not touch the tables.
create or replace function worker.enqueue_ready(p_limit integer)
returns jsonb
language plpgsql
security definer
set search_path = ''
as $$
declare
  v_settings candlewatch.settings;
  v_slots integer;
begin
  select s.* into v_settings from candlewatch.settings as s;
  v_slots := candlewatch.ready_retries(v_settings.sweep_jobs);
  if v_slots = 0 then
    v_slots := candlewatch.expire_waiting(v_settings.sweep_jobs);
  end if;
  if v_slots = 0 then
    v_slots := candlewatch.enqueue_next(
      least(greatest(coalesce(p_limit, 1), 1), v_settings.enqueue_slots)
    );
  end if;
  return jsonb_build_object(
    'slots', v_slots,
    'elsewhere', v_slots = 0 and exists (select from candlewatch.enqueues)
  );
end
$$;
comment on function worker.enqueue_ready(integer) is
  'Turns waiting work into ready jobs, one bounded step; 0 slots when none is left.';
