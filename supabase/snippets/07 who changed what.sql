-- The last changes of traders, tiers and accounts: who, when, from what to what.
select l.at, l.verb, l.table_name, l.row_key, coalesce(u.email, l.actor_role) as who,
  l.before, l.after
from candlewatch.audit_log as l
left join auth.users as u on u.id = l.actor
order by l.id desc
limit 200;
