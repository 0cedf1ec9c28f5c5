-- Looks again at traders that have been starting for over ten seconds, at most so many, oldest
-- first: if their filter was decided meanwhile they move, else its check is asked for again. Called
-- by the tick.
create or replace function candlewatch.settle_late(p_limit integer default 1000)
returns integer
language plpgsql
set search_path = ''
as $$
declare
  v_traders uuid[];
begin
  select array_agg(n.trader_id) into v_traders
  from (
    select s.trader_id
    from public.trader_states as s
    where s.state = 'starting' and s.changed_at < candlewatch.now() - interval '10 seconds'
    order by s.changed_at
    limit p_limit
  ) as n;
  if v_traders is not null then
    perform candlewatch.settle_traders(v_traders);
  end if;
  return coalesce(cardinality(v_traders), 0);
end
$$;

comment on function candlewatch.settle_late(integer) is
  'Settles traders that have been starting for long, should their check have been lost.';
