-- Applies what a verb changed to its tenants' counts, and seats each in the walk again: first_tag
-- is read from its jobs, head_tag is set while it has ready work and room. The caller holds the
-- tenants' locks and has changed their jobs in earlier statements, so that this one sees them. A
-- row is found once by its key, from the key's end: its newest version comes first, however many
-- older ones a long transaction keeps in the index. It is written by its place on disk.
create or replace function candlewatch.seat_tenants(p_changes candlewatch.tenant_change[])
returns void
language plpgsql
set search_path = ''
set enable_seqscan = off
set enable_bitmapscan = off
set enable_hashjoin = off
set enable_mergejoin = off
as $$
declare
  v_floor float8;
begin
  select q.floor_tag into v_floor from candlewatch.queue_state as q;
  update candlewatch.tenants as t
  set ready_count = d.ready_count,
    leased_count = d.leased_count,
    first_tag = d.first_tag,
    head_tag = case
      when d.ready_count > 0 and d.leased_count < t.concurrency_limit
        then greatest(d.first_tag, v_floor)
    end,
    last_tag = greatest(t.last_tag, d.last_tag)
  from (
    select
      s.ctid as place_on_disk,
      c.last_tag,
      s.ready_count + c.ready_delta as ready_count,
      s.leased_count + c.leased_delta as leased_count,
      case when s.ready_count + c.ready_delta > 0 then f.tag end as first_tag
    from unnest(p_changes) as c
    cross join lateral (
      select n.ctid, n.ready_count, n.leased_count, n.first_tag
      from candlewatch.tenants as n
      where n.account_id between c.account_id and c.account_id
      order by n.account_id desc
      limit 1
    ) as s
    left join lateral (
      select r.tag
      from candlewatch.ready as r
      where r.account_id = c.account_id
        and r.tag >= least(s.first_tag, c.lowest_tag)
      order by r.tag
      limit 1
    ) as f on c.ready_delta <> 0 or s.ready_count > 0
  ) as d
  where t.ctid = d.place_on_disk;
end
$$;
comment on function candlewatch.seat_tenants(candlewatch.tenant_change[]) is
  'Applies changes to tenants'' counts and finds their place in the claim''s walk again.';
