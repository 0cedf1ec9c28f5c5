-- Adds up what the verbs counted, up to p_limit rows, into their dispatches. The rows go in the
-- same statement: a count is in one place or the other, never in both.
create or replace function candlewatch.fold_tallies(p_limit integer)
returns integer
language plpgsql
set search_path = ''
as $$
declare
  v_count integer;
begin
  with picked as materialized (
    select t.id from candlewatch.tallies as t order by t.id limit p_limit for update skip locked
  ),
  taken as (
    delete from candlewatch.tallies as t using picked as p where t.id = p.id returning t.*
  ),
  added as (
    select t.dispatch_id, count(*) as rows, sum(t.due_count) as due, sum(t.done_count) as done,
      sum(t.skipped_count) as skipped, sum(t.failed_count) as failed,
      sum(t.expired_count) as expired, sum(t.signal_count) as signals,
      sum(t.suppressed_count) as suppressed
    from taken as t
    group by t.dispatch_id
  ),
  folded as (
    update candlewatch.dispatches as d
    set due_count = d.due_count + a.due,
      done_count = d.done_count + a.done,
      skipped_count = d.skipped_count + a.skipped,
      failed_count = d.failed_count + a.failed,
      expired_count = d.expired_count + a.expired,
      signal_count = d.signal_count + a.signals,
      suppressed_count = d.suppressed_count + a.suppressed
    from added as a
    where d.id = a.dispatch_id
  )
  select coalesce(sum(a.rows), 0) into v_count from added as a;
  return v_count;
end
$$;
comment on function candlewatch.fold_tallies(integer) is
  'Adds counts of slots to their dispatches, bounded.';
