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
