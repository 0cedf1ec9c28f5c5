-- Locks the tenants whom a claim of p_limit jobs serves: those with ready work and room, in the order
-- of their heads, passing over those that somebody else has (SKIP LOCKED). What their seats say has
-- to be read in a later statement, under these locks.
create or replace function candlewatch.walk_tenants(p_limit integer)
returns uuid[]
language plpgsql
set search_path = ''
set enable_seqscan = off
set enable_bitmapscan = off
set enable_hashjoin = off
set enable_mergejoin = off
as $$
declare
  v_width record;
begin
  select w.* into v_width from candlewatch.claim_width(p_limit) as w;
  return array(
    select t.account_id
    from candlewatch.seats as s
    join candlewatch.tenants as t on t.account_id = s.account_id
    where s.head_tag >= v_width.o_from_tag
    order by s.head_tag
    limit v_width.o_width
    for no key update of t skip locked
  );
end
$$;
comment on function candlewatch.walk_tenants(integer) is
  'Locks the tenants whom a claim serves, in fair order.';
