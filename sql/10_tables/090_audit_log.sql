-- Who changed which trader, tier or account, when, from what to what. Append-only: a trigger
-- refuses every update and delete but those of the retention.
create table candlewatch.audit_log (
  id bigint generated always as identity,
  at timestamptz not null default clock_timestamp(),
  actor uuid,
  actor_role text not null,
  table_name text not null,
  row_key text not null,
  account_id uuid,
  verb text not null,
  before jsonb,
  after jsonb,
  constraint audit_log_pkey primary key (id),
  constraint verb_is_insert_update_or_delete check (verb in ('insert', 'update', 'delete')),
  constraint update_has_both_sides check (
    (verb = 'insert' and before is null and after is not null)
    or (verb = 'update' and before is not null and after is not null)
    or (verb = 'delete' and before is not null and after is null)
  )
);

create index audit_log_by_row on candlewatch.audit_log (table_name, row_key, id);
create index audit_log_by_time on candlewatch.audit_log (at);

comment on table candlewatch.audit_log is
  'Every change of a trader, a tier or an account: who, when, from what to what. Append-only.';
comment on column candlewatch.audit_log.actor is 'The signed-in user; empty for the operator.';
comment on column candlewatch.audit_log.actor_role is 'The database role that made the change.';
comment on column candlewatch.audit_log.row_key is 'Primary key of the row.';
comment on column candlewatch.audit_log.account_id is 'The account that the row belongs to.';
comment on column candlewatch.audit_log.before is 'The columns that changed, as they were.';
comment on column candlewatch.audit_log.after is 'The columns that changed, as they are.';

alter table candlewatch.audit_log enable row level security;
