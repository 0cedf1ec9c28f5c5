-- Refuses (CW003) traders that their account's tier does not allow to run: too short a timeframe,
-- too many symbols.
create or replace function candlewatch.require_tier(p_traders uuid[])
returns void
language plpgsql
set search_path = ''
as $$
declare
  v_reason text;
begin
  select b.reason into v_reason
  from candlewatch.traders_beyond_tier as b
  where b.trader_id = any (p_traders)
  limit 1;
  if found then
    perform candlewatch.refuse('CW003', v_reason,
      'change the trader, save it with enabled = false, or change to a larger tier');
  end if;
end
$$;

comment on function candlewatch.require_tier(uuid[]) is
  'Refuses traders that their account''s tier does not allow to run.';
