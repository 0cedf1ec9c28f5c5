-- Reviews the accounts whose limits or places changed, at most so many: called by the tick. Returns
-- how many it reviewed. The accounts are locked first, as everybody does; one that somebody else
-- works on at this moment is reviewed by the next tick.
create or replace function candlewatch.enforce_quotas(p_limit integer default 100)
returns integer
language plpgsql
set search_path = ''
as $$
declare
  v_accounts uuid[];
begin
  select array_agg(p.id order by p.id) into v_accounts
  from (
    select a.id
    from candlewatch.quota_reviews as q
    join public.accounts as a on a.id = q.account_id
    order by q.asked_at, q.account_id
    limit p_limit
    for no key update of a skip locked
  ) as p;
  delete from candlewatch.quota_reviews as q where q.account_id = any (v_accounts);
  perform candlewatch.review_quota(a) from unnest(v_accounts) as a;
  return coalesce(cardinality(v_accounts), 0);
end
$$;

comment on function candlewatch.enforce_quotas(integer) is
  'Stops what is over a quota and resumes what has room again, for accounts that changed.';
