-- sql/80_grants.sql
-- Every grant, role by role. What is not here nobody has: a test compares the catalog with this
-- file.
--
-- anon            anybody with the public key
-- authenticated   a signed-in user: own rows only (policies stand beside the tables)
-- service_role    the operator's own programs, with the secret key
-- candlewatch_worker   the functions

revoke all on all tables in schema public, candlewatch, worker, monitor
  from public, anon, authenticated, service_role, candlewatch_worker;
revoke all on all sequences in schema public, candlewatch, worker, monitor
  from public, anon, authenticated, service_role, candlewatch_worker;
revoke all on all functions in schema public, candlewatch, worker, monitor
  from public, anon, authenticated, service_role, candlewatch_worker;

-- Tenants, lifecycle and access

grant usage on schema public to anon, authenticated, service_role;
grant usage on schema candlewatch to anon, authenticated, service_role, candlewatch_worker;

-- Called inside requests, as the caller: the pre-request check, defaults, triggers and errors.
grant execute on function
  candlewatch.check_request(),
  candlewatch.refuse(text, text, text, jsonb)
  to anon, authenticated, service_role, candlewatch_worker;
grant execute on function
  candlewatch.default_account(),
  candlewatch.timeframe_problem(text),
  candlewatch.universe_problem(jsonb),
  candlewatch.take_call(),
  candlewatch.recall_answer(text, jsonb),
  candlewatch.remember_answer(text, jsonb),
  candlewatch.read_trader(uuid),
  candlewatch.insert_trader(text, text, text, jsonb, boolean, text, integer, integer),
  candlewatch.switch_trader(uuid, boolean, integer),
  candlewatch.run_own_trader(uuid)
  to authenticated, service_role;

grant execute on function candlewatch.read_health(), public.health()
  to anon, authenticated, service_role;

grant select on public.tiers, public.templates to anon, authenticated, service_role;
grant select on public.accounts, public.traders, public.trader_states
  to authenticated, service_role;

grant insert (
  name, filter, timeframe, universe, enabled, emit, cooldown_candles, catch_up_candles,
  external_key
)
  on public.traders to authenticated;
grant update (
  name, filter, timeframe, universe, enabled, emit, cooldown_candles, catch_up_candles,
  external_key
)
  on public.traders to authenticated;
grant delete on public.traders to authenticated, service_role;

grant insert (
  account_id, name, filter, timeframe, universe, enabled, emit, cooldown_candles, catch_up_candles,
  external_key
)
  on public.traders to service_role;
grant update (
  name, filter, timeframe, universe, enabled, emit, cooldown_candles, catch_up_candles,
  external_key
)
  on public.traders to service_role;
grant update (tier, shadow) on public.accounts to service_role;
grant insert, update, delete on public.tiers, public.templates to service_role;

grant execute on function
  public.create_trader(text, text, text, jsonb, boolean, text, integer, integer, text),
  public.clone_template(text, text, boolean, text),
  public.clone_trader(uuid, text, boolean, text),
  public.start_trader(uuid, integer),
  public.stop_trader(uuid, integer),
  public.run_trader(uuid),
  public.trader_status(uuid),
  public.signals_since(text, integer, boolean),
  public.usage()
  to authenticated, service_role;

grant execute on function worker.complete_check(uuid, bigint, jsonb) to candlewatch_worker;

-- How long a statement of a request may take; anon (3 s) and authenticated (8 s) come from
-- Supabase.
alter role candlewatch_worker set statement_timeout = '30s';

-- Every request passes candlewatch.check_request first.
alter role authenticator set pgrst.db_pre_request = 'candlewatch.check_request';
notify pgrst, 'reload config';

-- Queue and market

grant select on public.symbols to anon, authenticated, service_role;
grant select on public.signals to authenticated, service_role;

-- Candles are shared by everybody: the view reads the packed frames as its caller.
grant select on public.candles to anon, authenticated, service_role;
grant select on candlewatch.frames, candlewatch.timeframes to anon, authenticated, service_role;
grant execute on function
  candlewatch.word_at(bytea, integer, integer),
  candlewatch.float8_of_word(bigint)
  to anon, authenticated, service_role;

grant execute on function candlewatch.now() to authenticated, service_role;

grant usage on schema worker to candlewatch_worker;
grant execute on function
  worker.claim_batch(uuid, text, integer, float8, float8),
  worker.extend_lease(uuid, float8),
  worker.complete_batch(uuid, jsonb),
  worker.release_batch(uuid),
  worker.enqueue_ready(integer),
  worker.load_filters(bigint[]),
  worker.load_watch(uuid),
  worker.load_symbols(),
  worker.load_frames(text, timestamptz, timestamptz),
  worker.claim_tasks(uuid, text, text, integer, float8),
  worker.complete_task(uuid, bigint, jsonb),
  worker.fail_task(uuid, bigint, text, float8),
  worker.publish_frames(uuid, bigint, timestamptz, jsonb),
  worker.store_frames(text, jsonb),
  worker.mark_absent(text, timestamptz[]),
  worker.store_symbols(jsonb),
  worker.history(text[]),
  worker.reserve_weight(text, integer[], boolean, integer, timestamptz),
  worker.report_exchange(text, text, timestamptz, text),
  worker.start_run(text, text, boolean),
  worker.end_run(bigint, text, jsonb),
  worker.metrics()
  to candlewatch_worker;

grant usage on schema monitor to service_role;
grant select on all tables in schema monitor to service_role;
