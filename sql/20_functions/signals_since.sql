-- The caller's signals after a cursor, oldest first, and the cursor to ask with next. Ordered by
-- transaction and number, and only what is older than every open transaction: what commits late is
-- never skipped. The cursor is "transaction:number" of the last signal read; nothing or an empty
-- one starts at the beginning. What the account made in shadow is left out unless p_shadow asks.
-- Reads the caller's index in its order, whatever the statistics say: by a sort, a reader who is
-- far behind would read all that is new for every answer.
create or replace function public.signals_since(
  p_cursor text default null,
  p_limit integer default 100,
  p_shadow boolean default false
)
returns jsonb
language plpgsql
stable
set search_path = ''
set enable_seqscan = off
set enable_bitmapscan = off
set enable_sort = off
as $$
declare
  v_account uuid := candlewatch.default_account();
  v_cursor text := coalesce(nullif(p_cursor, ''), '0:0');
  v_answer jsonb;
begin
  if v_cursor !~ '^[0-9]{1,19}:[0-9]{1,18}$' then
    perform candlewatch.refuse('CW002', 'a cursor looks like 733:1042',
      'use the cursor of the last answer, or none to start at the beginning');
  end if;
  if p_limit is null or p_limit not between 1 and 1000 then
    perform candlewatch.refuse('CW002', format('p_limit is 1 to 1000, got %s', p_limit),
      'ask again with the new cursor for more');
  end if;
  select jsonb_build_object(
    'signals', coalesce(jsonb_agg(
      to_jsonb(n) - 'transaction_id' - 'account_id' order by n.transaction_id, n.id
    ), '[]'),
    'cursor', coalesce(
      (array_agg(n.transaction_id || ':' || n.id order by n.transaction_id desc, n.id desc))[1],
      v_cursor
    )
  )
  into v_answer
  from (
    select
      s.id, s.transaction_id, s.account_id, s.trader_id, s.filter_id, s.symbol, s.timeframe,
      s.candle_at, s.price, s.change_pct, s.volume, s."values", s.created_at, s.shadow
    from public.signals as s
    where s.account_id = v_account
      and (s.transaction_id, s.id)
        > (split_part(v_cursor, ':', 1)::xid8, split_part(v_cursor, ':', 2)::bigint)
      and (p_shadow or not s.shadow)
      and s.transaction_id < pg_snapshot_xmin(pg_current_snapshot())
    order by s.transaction_id, s.id
    limit p_limit
  ) as n;
  return v_answer;
end
$$;

comment on function public.signals_since(text, integer, boolean) is
  'Your signals after a cursor, oldest first, and the next cursor; misses none that commits late.';
