-- How a slot ends, by what is known of it under the lock on its trader's state, and why. It returns a
-- set and is plain, so that it is inlined.
create or replace function candlewatch.verdict_on(
  p_state text,
  p_is_foreign boolean,
  p_is_late boolean,
  p_is_edited boolean,
  p_failure text,
  p_has_result boolean,
  p_is_last boolean,
  out outcome text,
  out reason text
)
returns setof record
language sql
immutable
begin atomic
  select
    case
      when p_state is null or p_state in ('stopped', 'error') or p_is_foreign then 'skipped'
      when p_is_late then 'expired'
      when p_is_edited or p_state <> 'running' then
        case when p_is_last then 'skipped' else 'retried' end
      when p_failure is not null or not p_has_result then
        case when p_is_last then 'failed' else 'retried' end
      else 'done'
    end,
    case
      when p_state is null then 'the trader was deleted'
      when p_state in ('stopped', 'error') then 'the trader is not running: ' || p_state
      when p_is_foreign then 'the timeframe was edited'
      when p_is_late then 'a newer candle was evaluated first'
      when p_is_edited or p_state <> 'running' then 'the filter was edited'
      when p_failure is not null then
        coalesce(nullif(pg_catalog.left(p_failure, 500), ''), 'the evaluation failed')
      when not p_has_result then 'no result'
      else ''
    end;
end;
comment on function candlewatch.verdict_on(
  text, boolean, boolean, boolean, text, boolean, boolean
) is 'How a slot ends and why, by what is known of it.';
