-- sql/25_triggers/accounts.sql
-- What happens when an account appears or its tier changes.
create trigger account_shares_its_limits
  after insert or update of tier on public.accounts
  for each row execute function candlewatch.share_account_limits();

create trigger counters_are_not_edited
  before update of id, trader_count, running_count, created_at on public.accounts
  for each row execute function candlewatch.guard_engine_columns(
    'set the tier; the counters follow from the traders'
  );

create trigger account_is_audited
  after update of tier on public.accounts
  for each row execute function candlewatch.audit_row('id', 'id');

create trigger account_goes_with_its_user
  before delete on public.accounts
  for each row when (pg_trigger_depth() = 0)
  execute function candlewatch.guard_engine_columns('delete the user; the account goes with it');

-- sql/25_triggers/audit_log.sql
-- The audit log is append-only.
create trigger audit_log_is_append_only
  before update or delete or truncate on candlewatch.audit_log
  for each statement execute function candlewatch.guard_audit_log();

-- sql/25_triggers/realtime.sql
-- Where Supabase Realtime exists, states and signals are pushed to their owners: each user may listen to
-- the private channel account:<user id> and to no other. Elsewhere nothing is made, and nothing costs.
do $$
begin
  if to_regprocedure('realtime.send(jsonb, text, text, boolean)') is null then
    return;
  end if;
  create trigger states_are_broadcast
    after update on public.trader_states
    referencing old table as unchanged new table as changed
    for each statement execute function candlewatch.broadcast_states();

  create trigger signals_are_broadcast
    after insert on public.signals
    referencing new table as written
    for each statement execute function candlewatch.broadcast_signals();

  create policy owner_listens_to_own_channel on realtime.messages
    for select to authenticated
    using ((select realtime.topic()) = 'account:' || (select auth.uid()));
end
$$;

-- sql/25_triggers/schedules.sql
-- What happens when the operator changes how often the system ticks, or switches it off.
create trigger job_follows_the_schedule
  after insert or delete or update of every, enabled on candlewatch.schedules
  for each statement execute function candlewatch.follow_schedule();

-- sql/25_triggers/tenants.sql
-- What happens when an account is deleted with work waiting.
create trigger waiting_slots_are_skipped
  before delete on candlewatch.tenants
  for each row execute function candlewatch.skip_waiting();

-- sql/25_triggers/tiers.sql
-- What happens when the operator edits a tier.
create trigger tier_shares_its_limits
  after update on public.tiers
  for each row execute function candlewatch.share_tier_limits();

create trigger tier_is_audited
  after insert or update or delete on public.tiers
  for each row execute function candlewatch.audit_row('name', '');

-- sql/25_triggers/trader_states.sql
-- States are facts: functions write them, nobody edits them.
create trigger states_are_not_edited
  before update of trader_id, account_id, state, reason, version, filter_id, changed_at
  on public.trader_states
  for each row execute function candlewatch.guard_engine_columns(
    'set traders.enabled to start or stop it, or edit its filter; the state follows'
  );

create trigger states_are_not_made_by_hand
  before insert on public.trader_states
  for each row execute function candlewatch.guard_engine_columns(
    'insert into traders; the state follows'
  );

create trigger states_go_with_their_traders
  before delete on public.trader_states
  for each row when (pg_trigger_depth() = 0)
  execute function candlewatch.guard_engine_columns('delete the trader; its state goes with it');

-- sql/25_triggers/traders.sql
-- What happens to a trader, in this order: whoever writes it, by API, dashboard or psql, singly or
-- in bulk.
alter table public.traders alter column account_id set default candlewatch.default_account();

create trigger trader_is_answered_with_a_sentence
  before insert or update on public.traders
  for each row execute function candlewatch.check_trader();

create trigger trader_is_audited
  after insert or update or delete on public.traders
  for each row execute function candlewatch.audit_row('id', 'account_id');

create trigger traders_are_added
  after insert on public.traders
  referencing new table as added
  for each statement execute function candlewatch.add_traders();

create trigger traders_are_edited
  after update on public.traders
  referencing old table as unedited new table as edited
  for each statement execute function candlewatch.edit_traders();

-- A row's triggers fire in the order of their names, Postgres' own cascades ("RI_...") among them:
-- the capital letter lets this one come first.
create trigger "Places_are_freed_before_the_cascades"
  after delete on public.traders
  referencing old table as dropped
  for each row execute function candlewatch.drop_traders();

-- sql/25_triggers/users.sql
-- What happens when a user appears and when one is deleted; users who were there before the first
-- migration get accounts as well.
create trigger user_gets_an_account
  after insert on auth.users
  for each row execute function candlewatch.create_account();

create trigger user_is_locked_in_order
  before delete on auth.users
  for each row execute function candlewatch.lock_user();

insert into public.accounts (id)
select u.id from auth.users as u
on conflict (id) do nothing;
