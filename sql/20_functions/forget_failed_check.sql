-- A check that ended without an answer (its workers died) says nothing about the filter: when its
-- owner starts the trader again, it is checked once more.
create or replace function candlewatch.forget_failed_check(p_trader uuid)
returns void
language plpgsql
set search_path = ''
as $$
declare
  v_filter bigint;
begin
  update candlewatch.filters as f
  set state = 'pending', problems = null, checked_at = null
  from public.trader_states as s
  where s.trader_id = p_trader and f.id = s.filter_id
    and f.state = 'refused' and f.problems -> 0 ->> 'rule' = 'check_failed'
  returning f.id into v_filter;
  delete from candlewatch.tasks as t
  where t.kind = 'check' and t.key = v_filter::text and t.state in ('done', 'failed', 'expired');
end
$$;

comment on function candlewatch.forget_failed_check(uuid) is
  'Has a trader''s filter checked once more if its check ended without an answer.';
