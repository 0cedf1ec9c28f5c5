-- Copies an account's cap and weight from its tier, making its tenant and seat where there are none.
-- Locks the tenant and nothing after it: traders' universes follow with the review of the quota,
-- since whoever completes locks what traders remember before their tenants. Jobs that are leased
-- stay leased; a lower cap holds for the next claim.
create or replace function candlewatch.sync_tenant(p_account uuid)
returns void
language plpgsql
set search_path = ''
as $$
declare
  v_tier public.tiers;
begin
  select r.* into v_tier
  from public.accounts as a
  join public.tiers as r on r.name = a.tier
  where a.id = p_account;
  insert into candlewatch.tenants (account_id) values (p_account) on conflict do nothing;
  if found then
    insert into candlewatch.seats (account_id, concurrency_limit, weight)
    values (p_account, v_tier.concurrency_limit, v_tier.weight);
    return;
  end if;
  perform candlewatch.lock_tenants(array[p_account]);
  update candlewatch.seats as s
  set turn = s.turn + 1,
    concurrency_limit = v_tier.concurrency_limit,
    weight = v_tier.weight,
    lowered_at = case
      when v_tier.concurrency_limit < s.concurrency_limit then candlewatch.lease_clock()
      else s.lowered_at
    end,
    head_tag = case
      when s.ready_count > 0 and s.leased_count < v_tier.concurrency_limit
        then coalesce(s.head_tag, s.first_tag)
    end
  where s.account_id = p_account;
end
$$;
comment on function candlewatch.sync_tenant(uuid) is
  'Copies an account''s cap and weight from its tier to the queue.';
