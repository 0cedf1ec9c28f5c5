-- Keeps the audit log append-only: every update, delete and truncate is refused but the
-- retention's.
create or replace function candlewatch.guard_audit_log()
returns trigger
language plpgsql
set search_path = ''
as $$
begin
  if tg_op <> 'DELETE' or coalesce(current_setting('candlewatch.engine', true), '') <> 'on' then
    perform candlewatch.refuse('CW006', 'the audit log is append-only',
      'candlewatch.prune_access alone removes what is older than its time');
  end if;
  return null;
end
$$;

comment on function candlewatch.guard_audit_log() is 'Trigger: the audit log is append-only.';
