-- For each dispatch and filter that a token holds: the symbols, by position, on which a match would
-- be reported now, that is, those that some trader of it watches and has not matched already. A
-- worker sends values for these alone; the decision itself is the completion's. Definer: the worker
-- may call this and may not touch the tables.
create or replace function worker.load_watch(p_token uuid)
returns jsonb
language sql
stable
security definer
set search_path = ''
as $$
  with width as materialized (
    select coalesce(max(s.position), -1) + 1 as bits from public.symbols as s
  )
  select coalesce(jsonb_agg(jsonb_build_object(
    'dispatch', f.dispatch_id, 'filter', f.filter_id, 'watched', f.watched::bit varying::text
  )), '[]')
  from (
    select j.dispatch_id, s.filter_id, bit_or(
      candlewatch.fit_bits(u.bits, w.bits) & case t.emit
        when 'on_entry' then ~ candlewatch.fit_bits(m.matched, w.bits)
        else ~ candlewatch.fit_bits('', w.bits)
      end
    ) as watched
    from candlewatch.leased as j
    cross join width as w
    cross join lateral unnest(j.trader_ids, j.filter_ids) as s (trader_id, filter_id)
    join public.traders as t on t.id = s.trader_id
    join candlewatch.trader_memory as m on m.trader_id = s.trader_id
    join candlewatch.universes as u on u.id = m.universe_id
    where j.token = p_token and s.filter_id is not null
    group by j.dispatch_id, s.filter_id
  ) as f
$$;
comment on function worker.load_watch(uuid) is
  'Per filter that a token holds, the symbols on which a match would be reported now.';
