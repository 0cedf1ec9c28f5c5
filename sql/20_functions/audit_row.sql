-- Writes what changed in a row to the audit log: only the columns that differ, and by whom.
-- Arguments: the key's column, the account's column (or empty). Definer: nobody may write the log
-- himself.
create or replace function candlewatch.audit_row()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
declare
  v_before jsonb := case when tg_op <> 'INSERT' then to_jsonb(old) end;
  v_after jsonb := case when tg_op <> 'DELETE' then to_jsonb(new) end;
  v_row jsonb := coalesce(v_after, v_before);
begin
  if tg_op = 'UPDATE' then
    select jsonb_object_agg(b.key, b.value), jsonb_object_agg(b.key, v_after -> b.key)
    into v_before, v_after
    from jsonb_each(v_before) as b
    where b.key <> 'updated_at' and b.value is distinct from v_after -> b.key;
    if v_before is null then
      return null;
    end if;
  end if;
  insert into candlewatch.audit_log (
    actor, actor_role, table_name, row_key, account_id, verb, before, after
  ) values (
    auth.uid(), candlewatch.caller_role(), tg_table_name, v_row ->> tg_argv[0],
    (v_row ->> tg_argv[1])::uuid, lower(tg_op), v_before, v_after
  );
  return null;
end
$$;

comment on function candlewatch.audit_row() is 'Trigger: writes a change to the audit log.';
