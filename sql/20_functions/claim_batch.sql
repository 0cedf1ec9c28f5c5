-- Leases a batch of jobs to the caller's token and says what it holds. The same token again gives
-- the same batch, less what was completed; concurrent calls with one token wait for each other.
-- Returns lapsed leases first. Generic plans throughout: to plan for each batch's arrays anew costs
-- a tenth of the call and finds the same lookups by key. A claim does not wait for its commit to
-- reach the disk: one that a crash of the server takes back has changed nothing, its jobs are ready
-- as before and its token is fenced. Definer: the worker may call this and may not touch the tables.
create or replace function worker.claim_batch(
  p_token uuid,
  p_worker text,
  p_limit integer,
  p_cost_limit float8,
  p_lease_seconds float8
)
returns jsonb
language plpgsql
security definer
set search_path = ''
set plan_cache_mode = force_generic_plan
set enable_seqscan = off
as $$
declare
  v_settings candlewatch.settings;
begin
  if p_token is null or p_worker is null then
    perform candlewatch.refuse('CW002', 'a claim needs a token and the worker''s name',
      'make the token before the call, so that it can be repeated');
  end if;
  perform pg_advisory_xact_lock(hashtextextended(p_token::text, 0));
  if not exists (select from candlewatch.leases as l where l.token = p_token)
    and not exists (select from candlewatch.lease_log as l where l.token = p_token)
  then
    set local synchronous_commit = off;
    select s.* into v_settings from candlewatch.settings as s;
    perform candlewatch.return_lapsed();
    perform candlewatch.take_jobs(
      p_token,
      p_worker,
      least(greatest(coalesce(p_limit, 1), 1), v_settings.leased_limit),
      coalesce(p_cost_limit, 'infinity'),
      least(greatest(coalesce(p_lease_seconds, 20), 0.1), v_settings.lease_seconds_limit)
    );
  end if;
  return candlewatch.describe_batch(p_token);
end
$$;
comment on function worker.claim_batch(uuid, text, integer, float8, float8) is
  'Leases a batch of jobs to a token that the caller made; repeating it gives the same batch.';
