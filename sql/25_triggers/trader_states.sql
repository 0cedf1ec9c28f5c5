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
