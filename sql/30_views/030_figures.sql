-- Every figure of the system, one row each: what the function metrics hands to monitoring.
create or replace view monitor.figures
with (security_invoker = on)
as
select q.name, q.labels, q.value from monitor.queue_figures as q
union all
select m.name, m.labels, m.value from monitor.market_figures as m
union all
select r.name, r.labels, r.value from monitor.run_figures as r;
comment on view monitor.figures is
  'Every figure of the system with its labels; no tenant''s data is among them.';
