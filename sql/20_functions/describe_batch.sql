-- What a token holds, as a worker wants it: its jobs with their distinct filters, their dispatches,
-- and by which revisions a warm worker knows whether its symbols and frames are still right.
create or replace function candlewatch.describe_batch(p_token uuid)
returns jsonb
language sql
stable
set search_path = ''
set enable_seqscan = off
as $$
  select jsonb_build_object(
    'token', p_token,
    'lease_until', (select l.lease_until from candlewatch.leases as l where l.token = p_token),
    'jobs', coalesce((
      select to_jsonb(array_agg(row(
        j.id, j.dispatch_id, j.attempt,
        case cardinality(j.filter_ids)
          when 1 then array_remove(j.filter_ids, null)
          else array(
            select distinct f from unnest(j.filter_ids) as f where f is not null order by f
          )
        end
      )::candlewatch.batch_job order by j.tag, j.id))
      from candlewatch.leased as j
      where j.token = p_token
    ), '[]'),
    'dispatches', coalesce((
      select jsonb_agg(jsonb_build_object(
        'id', d.id,
        'timeframe', d.timeframe,
        'candle_at', d.candle_at,
        'revision', d.revision,
        'kind', d.kind
      ) order by d.id)
      from candlewatch.dispatches as d
      where d.id = any (array(
        select distinct j.dispatch_id from candlewatch.leased as j where j.token = p_token
      ))
    ), '[]'),
    'symbols_revision', (select r.revision from candlewatch.symbol_revision as r),
    'repairs', (
      select jsonb_object_agg(r.timeframe, r.repair_count) from candlewatch.repairs as r
    )
  )
$$;
comment on function candlewatch.describe_batch(uuid) is
  'The jobs, filters and dispatches that a token holds, as JSON.';
