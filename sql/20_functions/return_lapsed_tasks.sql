-- Takes back up to p_limit tasks of a kind whose lease is over: ready again after a back-off, or
-- failed when no attempts are left. Rows that somebody ends at this moment are left to them.
create or replace function candlewatch.return_lapsed_tasks(
  p_kind text,
  p_limit integer
)
returns integer
language plpgsql
set search_path = ''
as $$
declare
  v_lapsed bigint[] := array(
    select t.id
    from candlewatch.tasks as t
    where t.kind = p_kind and t.state = 'leased' and t.lease_until <= candlewatch.lease_clock()
    order by t.lease_until, t.id
    limit p_limit
  );
  v_count integer;
begin
  if cardinality(v_lapsed) = 0 then
    return 0;
  end if;
  perform candlewatch.lock_checked_filters(v_lapsed);
  with picked as materialized (
    select t.id
    from candlewatch.tasks as t
    where t.id = any (v_lapsed)
      and t.state = 'leased' and t.lease_until <= candlewatch.lease_clock()
    for update skip locked
  )
  select count(candlewatch.give_back_task(
    p.id, format('its worker was lost %s times', t.attempt), null
  ))
  into v_count
  from picked as p
  join candlewatch.tasks as t on t.id = p.id;
  return v_count;
end
$$;
comment on function candlewatch.return_lapsed_tasks(text, integer) is
  'Takes back tasks whose lease is over, bounded.';
