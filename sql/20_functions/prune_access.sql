-- Removes what is past its time, at most so many rows of each: audit entries after 400 days,
-- idempotency keys after a day, buckets after a day of silence. Called by the tick's retention.
create or replace function candlewatch.prune_access(p_limit integer default 1000)
returns integer
language plpgsql
set search_path = ''
as $$
declare
  v_count integer;
begin
  perform set_config('candlewatch.engine', 'on', true);
  with old_entries as (
    delete from candlewatch.audit_log as l
    where l.id in (
      select x.id from candlewatch.audit_log as x
      where x.at < candlewatch.now() - interval '400 days' order by x.at limit p_limit
    )
    returning 1
  ), old_keys as (
    delete from candlewatch.idempotency_keys as k
    where (k.account_id, k.key) in (
      select x.account_id, x.key from candlewatch.idempotency_keys as x
      where x.created_at < candlewatch.now() - interval '1 day' order by x.created_at limit p_limit
    )
    returning 1
  ), old_buckets as (
    delete from candlewatch.call_buckets as b
    where b.account_id in (
      select x.account_id from candlewatch.call_buckets as x
      where x.filled_at < candlewatch.now() - interval '1 day' limit p_limit
    )
    returning 1
  )
  select ((select count(*) from old_entries) + (select count(*) from old_keys)
    + (select count(*) from old_buckets))::integer
  into v_count;
  perform set_config('candlewatch.engine', '', true);
  return v_count;
end
$$;

comment on function candlewatch.prune_access(integer) is
  'Removes audit entries, idempotency keys and call buckets that are past their time.';
