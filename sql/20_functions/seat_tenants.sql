-- Applies what a verb changed to its tenants' counts, and seats each in the walk again: first_tag
-- is read from its jobs, head_tag is set while it has ready work and room. The caller holds the
-- tenants' locks and has changed their jobs in earlier statements, so that this one sees them. A
-- seat is found once, by its newest turn, and written by its place on disk.
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
  update candlewatch.seats as t
  set turn = t.turn + (h.head_tag is distinct from t.head_tag)::integer,
    ready_count = n.ready_count,
    leased_count = n.leased_count,
    first_tag = n.first_tag,
    head_tag = h.head_tag,
    last_tag = greatest(t.last_tag, c.last_tag)
  from unnest(p_changes) as c
  cross join lateral (
    select s.ctid as place_on_disk, s.ready_count, s.leased_count, s.first_tag, s.concurrency_limit
    from candlewatch.seats as s
    where s.account_id = c.account_id
    order by s.turn desc
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
  cross join lateral (
    select s.ready_count + c.ready_delta as ready_count,
      s.leased_count + c.leased_delta as leased_count,
      case when s.ready_count + c.ready_delta > 0 then f.tag end as first_tag
  ) as n
  cross join lateral (
    select case
      when n.ready_count > 0 and n.leased_count < s.concurrency_limit
        then greatest(n.first_tag, v_floor)
    end as head_tag
  ) as h
  where t.ctid = s.place_on_disk;
end
$$;
comment on function candlewatch.seat_tenants(candlewatch.tenant_change[]) is
  'Applies changes to tenants'' counts and finds their place in the claim''s walk again.';
