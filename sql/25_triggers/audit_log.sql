-- The audit log is append-only.
create trigger audit_log_is_append_only
  before update or delete or truncate on candlewatch.audit_log
  for each statement execute function candlewatch.guard_audit_log();
