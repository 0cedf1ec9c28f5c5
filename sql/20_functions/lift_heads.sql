-- Lifts heads that lie below the floor of the walk to it: those of tenants that were enqueued by a
-- slow transaction while the floor moved on. After this every tenant with ready work and room is in
-- the walk.
create or replace function candlewatch.lift_heads()
returns void
language plpgsql
set search_path = ''
as $$
declare
  v_low uuid[];
begin
  select array_agg(l.account_id) into v_low
  from (
    select t.account_id
    from candlewatch.queue_state as q
    join candlewatch.seats as s on s.head_tag < q.floor_tag
    join candlewatch.tenants as t on t.account_id = s.account_id
    order by s.head_tag
    limit 1000
    for no key update of t skip locked
  ) as l;
  update candlewatch.seats as s
  set turn = s.turn + 1, head_tag = q.floor_tag
  from candlewatch.queue_state as q
  where s.account_id = any (v_low) and s.head_tag < q.floor_tag;
end
$$;
comment on function candlewatch.lift_heads() is
  'Lifts heads below the floor of the walk to it, so that no tenant is left behind.';
