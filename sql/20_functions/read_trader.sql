-- What the API says of a trader, to the caller who owns it; the same refusal for another's as for
-- none. Definer: filters are shared by all users and readable by none.
create or replace function candlewatch.read_trader(p_trader uuid)
returns jsonb
language plpgsql
stable
security definer
set search_path = ''
as $$
begin
  if not exists (
    select from public.traders as t
    where t.id = p_trader and candlewatch.owns(t.account_id)
  ) then
    perform candlewatch.refuse('CW004', format('there is no trader %s', p_trader),
      'list your traders and use an id from there');
  end if;
  return candlewatch.describe_trader(p_trader);
end
$$;

comment on function candlewatch.read_trader(uuid) is
  'What the API says of a trader, to the caller who owns it.';
