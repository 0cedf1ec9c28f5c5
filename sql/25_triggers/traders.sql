-- What happens to a trader, in this order: whoever writes it, by API, dashboard or psql, singly or
-- in bulk.
alter table public.traders alter column account_id set default candlewatch.default_account();

create trigger trader_is_answered_with_a_sentence
  before insert or update on public.traders
  for each row execute function candlewatch.check_trader();

create trigger account_is_locked_first
  before delete on public.traders
  for each row execute function candlewatch.lock_account();

create trigger deleted_trader_frees_its_place
  before delete on public.traders
  for each row execute function candlewatch.free_running_place();

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

create trigger traders_are_dropped
  after delete on public.traders
  referencing old table as dropped
  for each statement execute function candlewatch.drop_traders();
