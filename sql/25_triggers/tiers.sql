-- What happens when the operator edits a tier.
create trigger tier_shares_its_limits
  after update on public.tiers
  for each row execute function candlewatch.share_tier_limits();

create trigger tier_is_audited
  after insert or update or delete on public.tiers
  for each row execute function candlewatch.audit_row('name', '');
