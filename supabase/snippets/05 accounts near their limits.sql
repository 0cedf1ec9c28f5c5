-- Accounts that use 80 % or more of a limit, the fullest first.
select a.id, a.tier, a.trader_count, r.traders_limit, a.running_count, r.running_limit,
  u.email
from public.accounts as a
join public.tiers as r on r.name = a.tier
join auth.users as u on u.id = a.id
where a.trader_count >= 0.8 * r.traders_limit or a.running_count >= 0.8 * r.running_limit
order by greatest(
  a.trader_count::numeric / greatest(r.traders_limit, 1),
  a.running_count::numeric / greatest(r.running_limit, 1)
) desc
limit 200;
