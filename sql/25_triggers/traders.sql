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
