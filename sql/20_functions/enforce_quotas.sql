-- Reviews the accounts whose limits or places changed, at most so many: called by the tick. Returns
-- how many it reviewed; an account that somebody else reviews at this moment is left to them.
create or replace function candlewatch.enforce_quotas(p_limit integer default 100)
returns integer
language plpgsql
set search_path = ''
as $$
declare
  v_accounts uuid[];
begin
  with picked as materialized (
    select q.account_id
    from candlewatch.quota_reviews as q
    order by q.asked_at, q.account_id
    limit p_limit
    for update skip locked
  ), taken as (
    delete from candlewatch.quota_reviews as q
    using picked as p
    where q.account_id = p.account_id
    returning q.account_id
  )
  select array_agg(t.account_id order by t.account_id) into v_accounts from taken as t;
  perform candlewatch.review_quota(a) from unnest(v_accounts) as a;
  return coalesce(cardinality(v_accounts), 0);
end
$$;

comment on function candlewatch.enforce_quotas(integer) is
  'Stops what is over a quota and resumes what has room again, for accounts that changed.';
