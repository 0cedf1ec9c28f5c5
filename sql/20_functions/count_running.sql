-- Takes or frees the running places that an event will take or free, under the locks that
-- apply_events holds. Refuses (CW003) when an account has too few places left.
create or replace function candlewatch.count_running(
  p_traders uuid[],
  p_event text
)
returns void
language plpgsql
set search_path = ''
as $$
declare
  v_over record;
begin
  perform set_config('candlewatch.engine', 'on', true);
  update public.accounts as a
  set running_count = a.running_count + d.places
  from (
    select
      s.account_id,
      sum(case when t.from_state = 'stopped' then 1 else -1 end) as places
    from public.trader_states as s
    join candlewatch.transitions as t on t.from_state = s.state and t.event = p_event
    where s.trader_id = any (p_traders) and (t.from_state = 'stopped') <> (t.to_state = 'stopped')
    group by s.account_id
  ) as d
  where a.id = d.account_id;
  perform set_config('candlewatch.engine', '', true);
  if p_event <> 'start' then
    insert into candlewatch.quota_reviews (account_id)
    select distinct s.account_id
    from public.trader_states as s
    where p_event = 'stop' and s.trader_id = any (p_traders)
    on conflict (account_id) do nothing;
    return;
  end if;
  select r.name, r.running_limit into v_over
  from public.accounts as a
  join public.tiers as r on r.name = a.tier
  where a.id in (
      select s.account_id from public.trader_states as s where s.trader_id = any (p_traders)
    )
    and a.running_count > r.running_limit
  limit 1;
  if found then
    perform candlewatch.refuse('CW003',
      format('the %s tier runs at most %s traders at once (running_limit)', v_over.name,
        v_over.running_limit),
      'stop a trader first, save this one with enabled = false, or change to a larger tier');
  end if;
end
$$;

comment on function candlewatch.count_running(uuid[], text) is
  'Counts the running places that an event takes or frees; refuses one too many.';
