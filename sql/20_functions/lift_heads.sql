-- Lifts heads that lie below the floor of the walk to it: those of tenants that were enqueued by a
-- slow transaction while the floor moved on. After this every tenant with ready work and room is in
-- the walk.
create or replace function candlewatch.lift_heads()
returns void
language plpgsql
set search_path = ''
as $$
begin
  with low as materialized (
    select t.account_id, q.floor_tag
    from candlewatch.queue_state as q
    join candlewatch.tenants as t on t.head_tag < q.floor_tag
    order by t.head_tag
    limit 1000
    for no key update of t skip locked
  )
  update candlewatch.tenants as t
  set head_tag = l.floor_tag
  from low as l
  where t.account_id = l.account_id;
end
$$;
comment on function candlewatch.lift_heads() is
  'Lifts heads below the floor of the walk to it, so that no tenant is left behind.';
