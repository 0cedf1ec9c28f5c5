-- How many tenants a claim of p_limit jobs must lock, and from which head on: as many as give
-- p_limit jobs when each gives one turn. Starts at the floor; where too little is ready above it,
-- at the very first, so that no head below the floor is ever left behind. Locks nothing: it is an
-- estimate.
create or replace function candlewatch.claim_width(
  p_limit integer,
  out o_width integer,
  out o_from_tag float8
)
returns record
language plpgsql
stable
set search_path = ''
set enable_seqscan = off
set enable_hashjoin = off
set enable_mergejoin = off
as $$
declare
  v_jobs integer;
begin
  select q.floor_tag into o_from_tag from candlewatch.queue_state as q;
  for v_pass in 1 .. 2 loop
    select count(*) filter (where w.before < p_limit), coalesce(max(w.before + w.jobs), 0)
    into o_width, v_jobs
    from (
      select
        h.jobs,
        sum(h.jobs) over (order by h.head_tag rows unbounded preceding) - h.jobs as before
      from (
        select
          t.head_tag,
          least(t.ready_count, t.concurrency_limit - t.leased_count,
            ceil(s.jobs_per_turn * t.weight)::integer) as jobs
        from candlewatch.seats as t
        cross join candlewatch.settings as s
        where t.head_tag >= o_from_tag
        order by t.head_tag
        limit p_limit
      ) as h
    ) as w;
    exit when v_jobs >= p_limit;
    o_from_tag := '-infinity';
  end loop;
end
$$;
comment on function candlewatch.claim_width(integer) is
  'How many tenants a claim of so many jobs has to lock, and from which head tag on.';
