-- What happens when an account is deleted with work waiting.
create trigger waiting_slots_are_skipped
  before delete on candlewatch.tenants
  for each row execute function candlewatch.skip_waiting();
