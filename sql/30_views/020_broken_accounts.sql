-- Invariant 4, accounting: every due slot is in exactly one place, live or ended, and ends once.
create or replace view monitor.broken_accounts
with (security_invoker = on)
as
select 'slots are accounted for' as invariant, 'dispatch ' || d.id as subject,
  format('%s due, but %s ended and %s live', d.due_count,
    d.done_count + d.skipped_count + d.failed_count + d.expired_count, coalesce(l.slots, 0)) as detail
from monitor.dispatches as d
left join (
  select l.dispatch_id, count(*) as slots from monitor.live_slots as l group by l.dispatch_id
) as l on l.dispatch_id = d.id
where d.due_count <> d.done_count + d.skipped_count + d.failed_count + d.expired_count
  + coalesce(l.slots, 0)
union all
select 'a slot is in one place', format('dispatch %s, trader %s', l.dispatch_id, l.trader_id),
  'it is live in: ' || string_agg(l.place || ' job ' || l.job_id, ', ')
from monitor.live_slots as l
group by l.dispatch_id, l.trader_id
having count(*) > 1
union all
select 'a slot ends once', format('dispatch %s, trader %s', l.dispatch_id, l.trader_id),
  format('it ended as %s and is %s', o.outcome, l.place)
from monitor.live_slots as l
join candlewatch.slot_outcomes as o
  on o.dispatch_id = l.dispatch_id and o.trader_id = l.trader_id
union all
select 'a slot ends once', format('dispatch %s, trader %s', o.dispatch_id, o.trader_id),
  'it ended as: ' || string_agg(o.outcome, ', ')
from candlewatch.slot_outcomes as o
where o.ended_at > candlewatch.lease_clock() - interval '1 hour'
group by o.dispatch_id, o.trader_id
having count(*) > 1;
comment on view monitor.broken_accounts is
  'Violations of accounting: slots that are lost, doubled or ended twice. Empty is right.';
