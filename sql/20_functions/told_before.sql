-- What a completion is told whose token does not hold the jobs it names: the latest answer as
-- "already" when this token completed all of them, else "fenced". One that names none means all
-- that the token ever held: if any of that was lost, or is still here with its lease over, it is
-- fenced. Changes nothing.
create or replace function candlewatch.told_before(
  p_token uuid,
  p_named bigint[]
)
returns jsonb
language sql
stable
set search_path = ''
as $$
  with told as materialized (
    select l.entry, l.outcome, l.job_ids, l.result
    from candlewatch.lease_log as l
    where l.token = p_token
  )
  select coalesce(
    (
      select t.result || '{"outcome": "already"}'
      from told as t
      where t.outcome = 'completed'
        and case
          when p_named is null then
            not exists (select from candlewatch.leases as l where l.token = p_token)
            and not exists (select from told as o where o.outcome <> 'completed')
          else p_named <@ (
            select array_agg(j)
            from told as o
            cross join lateral unnest(o.job_ids) as j
            where o.outcome = 'completed'
          )
        end
      order by t.entry desc
      limit 1
    ),
    '{"outcome": "fenced", "slots": {}, "signals": 0}'
  )
$$;
comment on function candlewatch.told_before(uuid, bigint[]) is
  'The answer to a completion whose jobs the token does not hold: already, or fenced.';
