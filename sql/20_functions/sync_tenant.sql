-- Copies an account's cap and weight from its tier, making its tenant where there is none. Locks the
-- tenant and nothing after it: traders' universes follow with the review of the quota, since whoever
-- completes locks what traders remember before their tenants. Jobs that are leased stay leased; a
-- lower cap holds for the next claim.
create or replace function candlewatch.sync_tenant(p_account uuid)
returns void
language plpgsql
set search_path = ''
as $$
begin
  insert into candlewatch.tenants as t (account_id, concurrency_limit, weight)
  select a.id, r.concurrency_limit, r.weight
  from public.accounts as a
  join public.tiers as r on r.name = a.tier
  where a.id = p_account
  on conflict (account_id) do update
    set concurrency_limit = excluded.concurrency_limit,
      weight = excluded.weight,
      lowered_at = case
        when excluded.concurrency_limit < t.concurrency_limit then candlewatch.lease_clock()
        else t.lowered_at
      end,
      head_tag = case
        when t.ready_count > 0 and t.leased_count < excluded.concurrency_limit
          then coalesce(t.head_tag, t.first_tag)
      end;
end
$$;
comment on function candlewatch.sync_tenant(uuid) is
  'Copies an account''s cap and weight from its tier to the queue.';
