-- After traders were deleted: frees their places in the accounts' counts. Definer: users may not
-- write what it writes.
create or replace function candlewatch.drop_traders()
returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
  perform set_config('candlewatch.engine', 'on', true);
  update public.accounts as a
  set trader_count = a.trader_count - n.traders
  from (
    select d.account_id, count(*) as traders
    from dropped as d
    group by d.account_id
  ) as n
  where a.id = n.account_id;
  perform set_config('candlewatch.engine', '', true);
  return null;
end
$$;

comment on function candlewatch.drop_traders() is 'Trigger: deleted traders free their places.';
