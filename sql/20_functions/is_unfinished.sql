-- Whether a slot of a candle before p_closes_at has not ended yet, or may still be enqueued. Nobody
-- catches up with more than 48 candles, so that nothing older can matter.
create or replace function candlewatch.is_unfinished(
  p_timeframe text,
  p_closes_at timestamptz
)
returns boolean
language sql
stable
set search_path = ''
as $$
  select exists (
    select from monitor.dispatches as d
    where d.timeframe = p_timeframe and d.kind in ('scheduled', 'catch_up')
      and d.closes_at < p_closes_at
      and d.closes_at > p_closes_at - 100 * candlewatch.candle_length(p_timeframe)
      and (
        d.enqueued_at is null
        or d.due_count > d.done_count + d.skipped_count + d.failed_count + d.expired_count
      )
  )
$$;
comment on function candlewatch.is_unfinished(text, timestamptz) is
  'Whether a slot of an earlier candle of the timeframe is still open.';
