-- Moves starting traders on by what is known of their filters: ready ones run, refused ones are in
-- error with the first problem as the reason, and texts that nobody has checked yet get a check
-- task. The filters are locked, so that a check which ends at this moment is either seen here or
-- sees our rows.
create or replace function candlewatch.settle_traders(p_traders uuid[])
returns void
language plpgsql
set search_path = ''
as $$
declare
  v_filters bigint[];
  v_group record;
begin
  select array_agg(distinct s.filter_id) into v_filters
  from public.trader_states as s
  where s.trader_id = any (p_traders);
  perform from candlewatch.filters as f where f.id = any (v_filters) order by f.id for share;

  for v_group in
    select f.id, f.state, f.problems, f.source, f.timeframe,
      array_agg(s.trader_id) filter (where s.state = 'starting') as traders
    from candlewatch.filters as f
    join public.trader_states as s on s.filter_id = f.id
    where f.id = any (v_filters) and s.trader_id = any (p_traders)
    group by f.id
    order by f.id
  loop
    if v_group.state = 'pending' then
      perform candlewatch.add_task('check', v_group.id::text, jsonb_build_object(
        'filter_id', v_group.id, 'source', v_group.source, 'timeframe', v_group.timeframe
      ));
    elsif v_group.state = 'ready' then
      perform candlewatch.apply_events(v_group.traders, 'checked');
    else
      perform candlewatch.apply_events(v_group.traders, 'refused',
        candlewatch.problem_sentence(v_group.problems));
    end if;
  end loop;
end
$$;

comment on function candlewatch.settle_traders(uuid[]) is
  'Moves starting traders on by what is known of their filters, or has them checked.';
