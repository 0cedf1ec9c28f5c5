"""Accounts, traders and jobs by the hundred thousand, past the triggers of people's writes.

Triggers and foreign keys are switched off for the session of the superuser that fills the tables;
what the triggers would have written is written here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from tests.fixtures.database import Database

_ACCOUNTS: Final = """
insert into auth.users (id, email)
  select gen_random_uuid(), n || '@bulk.example' from generate_series(1, {tenants}) as n;
insert into public.accounts (id, tier, trader_count, running_count)
  select u.id, '{tier}', {traders}, {traders} from auth.users as u
  where u.email like '%@bulk.example'
  on conflict (id) do update set trader_count = excluded.trader_count;
insert into candlewatch.tenants (account_id)
  select u.id from auth.users as u where u.email like '%@bulk.example' on conflict do nothing;
insert into candlewatch.seats (account_id, concurrency_limit, weight)
  select a.id, r.concurrency_limit, r.weight
  from public.accounts as a join public.tiers as r on r.name = a.tier
  join auth.users as u on u.id = a.id where u.email like '%@bulk.example'
    and not exists (select from candlewatch.seats as s where s.account_id = a.id);
insert into candlewatch.universes (stated, symbols_limit, revision, bits)
  select '{{}}', 1000, r.revision, (select u.bits from candlewatch.universe_bits('{{}}', 1000) as u)
  from candlewatch.symbol_revision as r on conflict do nothing;
insert into public.traders (id, account_id, name, filter, timeframe)
  select gen_random_uuid(), a.id, 'trader ' || n, f.source, f.timeframe
  from public.accounts as a join auth.users as u on u.id = a.id
  cross join generate_series(1, {traders}) as n
  cross join (select f.source, f.timeframe from candlewatch.filters as f where f.id = {filter}) as f
  where u.email like '%@bulk.example';
insert into public.trader_states (trader_id, account_id, state, filter_id, changed_at)
  select t.id, t.account_id, 'running', {filter}, now() - interval '1 day' from public.traders as t
  on conflict do nothing;
insert into candlewatch.trader_memory (trader_id, universe_id)
  select t.id, (select max(u.id) from candlewatch.universes as u) from public.traders as t
  on conflict do nothing;
"""

_JOBS: Final = """
insert into candlewatch.dispatches (
    timeframe, candle_at, closes_at, revision, created_at, enqueued_at
  )
  select '5m', n.candle_at, n.candle_at + interval '5 minutes', 1, candlewatch.now(),
    candlewatch.now()
  from (
    select greatest(max(f.open_time), (
      select max(d.candle_at) + interval '5 minutes' from candlewatch.dispatches as d
    )) as candle_at
    from candlewatch.frames as f where f.timeframe = '5m'
  ) as n;
with slot as (
  select s.account_id, s.trader_id,
    row_number() over (partition by s.account_id order by s.trader_id) - 1 as place
  from public.trader_states as s
),
job as (
  select s.account_id, s.place / {slots} as job, array_agg(s.trader_id) as traders
  from slot as s group by 1, 2
)
insert into candlewatch.ready (account_id, tag, id, dispatch_id, attempt, cost, trader_ids)
  select j.account_id,
    greatest(q.serving_tag, t.last_tag) + (j.job + 1) * {slots} / t.weight,
    nextval('candlewatch.job_ids'),
    (select max(d.id) from candlewatch.dispatches as d), 0, cardinality(j.traders), j.traders
  from job as j join candlewatch.seats as t on t.account_id = j.account_id
  cross join candlewatch.queue_state as q;
update candlewatch.seats as t
  set ready_count = r.jobs, first_tag = r.lowest, last_tag = r.highest,
    head_tag = greatest(r.lowest, q.floor_tag)
  from (
    select r.account_id, count(*) as jobs, min(r.tag) as lowest, max(r.tag) as highest
    from candlewatch.ready as r group by 1
  ) as r
  cross join candlewatch.queue_state as q
  where t.account_id = r.account_id;
insert into candlewatch.tallies (dispatch_id, due_count)
  select max(d.id), (select count(*) from public.trader_states) from candlewatch.dispatches as d;
"""


def fill_traders(
    database: Database, *, tenants: int, traders: int, filter_id: int, tier: str = "elite"
) -> None:
    """Make accounts of one tier with so many running traders each, all of one filter."""
    superuser = database.connect("supabase_admin")
    superuser.execute("set session_replication_role = replica")
    superuser.execute(
        _ACCOUNTS.format(tenants=tenants, traders=traders, filter=filter_id, tier=tier).encode()
    )
    superuser.close()


def fill_jobs(database: Database, *, slots: int = 1) -> None:
    """Make a dispatch of the next 5m candle and a ready job of every so many running traders."""
    superuser = database.connect("supabase_admin")
    superuser.execute("set session_replication_role = replica")
    superuser.execute(_JOBS.format(slots=slots).encode())
    superuser.close()
