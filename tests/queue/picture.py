"""What the database holds, in one query, and the same of the model: the two must be equal."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID

from tests.queue.model import READY, RETRY, Job

if TYPE_CHECKING:
    import psycopg
    from tests.queue.model import Model

Picture = dict[str, dict[Any, Any]]

_QUERY: Final = b"""
select jsonb_build_object(
  'jobs', (select jsonb_agg(to_jsonb(j)) from (
    select r.id, r.dispatch_id, 'ready' as place, r.attempt, r.lapses, r.trader_ids,
      null::bigint[] as filter_ids, null::timestamptz as due_at
    from candlewatch.ready as r
    union all
    select r.id, r.dispatch_id, 'retry', r.attempt, r.lapses, r.trader_ids, null, r.due_at
    from candlewatch.retries as r
    union all
    select l.id, l.dispatch_id, l.token::text, l.attempt, l.lapses, l.trader_ids, l.filter_ids, null
    from candlewatch.leased as l) as j),
  'leases', (select jsonb_agg(jsonb_build_array(l.token, l.lease_until, l.job_count))
    from candlewatch.leases as l),
  'tenants', (select jsonb_agg(jsonb_build_array(t.account_id, t.ready_count, t.leased_count))
    from candlewatch.seats as t where t.ready_count + t.leased_count > 0),
  'queue', (select jsonb_agg(jsonb_build_array('leased', q.leased_count))
    from candlewatch.queue_state as q),
  'ended', (select jsonb_agg(jsonb_build_array(o.dispatch_id, o.trader_id, o.outcome))
    from candlewatch.slot_outcomes as o),
  'dispatches', (select jsonb_agg(jsonb_build_array(
      d.id, d.due_count + coalesce(t.due, 0), d.done_count + coalesce(t.done, 0),
      d.skipped_count + coalesce(t.skipped, 0), d.failed_count + coalesce(t.failed, 0),
      d.expired_count + coalesce(t.expired, 0), d.suppressed_count + coalesce(t.suppressed, 0)))
    from candlewatch.dispatches as d
    left join lateral (
      select sum(t.due_count) as due, sum(t.done_count) as done, sum(t.skipped_count) as skipped,
        sum(t.failed_count) as failed, sum(t.expired_count) as expired,
        sum(t.suppressed_count) as suppressed
      from candlewatch.tallies as t where t.dispatch_id = d.id) as t on true
    where d.kind <> 'missed'),
  'missed', (select jsonb_agg(jsonb_build_array(d.timeframe, d.candle_at, d.due_count))
    from candlewatch.dispatches as d where d.kind = 'missed'),
  'written', (select jsonb_build_array(jsonb_build_array('signals',
      coalesce((select sum(d.signal_count) from candlewatch.dispatches as d), 0)
      + coalesce((select sum(t.signal_count) from candlewatch.tallies as t), 0)))),
  'signals', (select jsonb_agg(jsonb_build_array(s.trader_id, s.symbol, s.timeframe, s.candle_at,
      true)) from public.signals as s),
  'traders', (select jsonb_agg(jsonb_build_array(s.trader_id, s.state, s.filter_id, m.failure_count,
      m.last_candle_at, rtrim(coalesce(m.matched::text, ''), '0')))
    from public.trader_states as s
    left join candlewatch.trader_memory as m on m.trader_id = s.trader_id),
  'violations', (select jsonb_agg(jsonb_build_array(v.invariant || ' ' || v.subject, v.detail))
    from monitor.violations as v))
"""


def take_picture(connection: psycopg.Connection) -> dict[str, list[Any]]:
    """Return what the database holds."""
    row = connection.execute(_QUERY, prepare=True).fetchone()
    assert row is not None
    return {part: rows or [] for part, rows in row[0].items()}


def learn(model: Model, rows: list[dict[str, Any]]) -> dict[int, Job]:
    """Return the model's job by the database's id; note when retries are due, which is drawn."""
    by_slot = {slot: job for job in model.jobs for slot in job.slots}
    known = {}
    for row in rows:
        job = by_slot[row["dispatch_id"], UUID(row["trader_ids"][0])]
        known[row["id"]] = job
        if row["due_at"] and job.due_at is None:
            job.due_at = datetime.fromisoformat(row["due_at"])
    return known


def seen(rows: dict[str, list[Any]]) -> Picture:
    """Return the database's picture as dictionaries that can be compared."""
    picture: Picture = {"jobs": {}}
    for job in rows["jobs"]:
        for place, trader in enumerate(job["trader_ids"]):
            slot = (job["dispatch_id"], trader)
            assert slot not in picture["jobs"], ("a slot is in two jobs", slot)
            bound = job["filter_ids"][place] if job["filter_ids"] else None
            size = len(job["trader_ids"])
            picture["jobs"][slot] = (job["place"], job["attempt"], job["lapses"], size, bound)
    keys = {"ended": 2, "missed": 2, "signals": 4}
    for part, found in rows.items():
        if part != "jobs":
            width = keys.get(part, 1)
            picture[part] = {tuple(r[:width]): tuple(r[width:]) for r in found}
            assert len(picture[part]) == len(found), ("a row twice", part)
    return picture


def expected(model: Model) -> Picture:
    """Return the picture that the model predicts."""
    held = {token: model.held(token) for token in model.leases}
    return {
        "jobs": {
            (slot[0], str(slot[1])): (
                str(job.place),
                job.attempt,
                job.lapses,
                len(job.traders),
                None if job.place in (READY, RETRY) else job.filters[slot[1]],
            )
            for job in model.jobs
            for slot in job.slots
        },
        "leases": {
            (str(token),): (iso(lease.until), len(held[token]))
            for token, lease in model.leases.items()
        },
        "tenants": _tenants(model),
        "queue": {("leased",): (sum(map(len, held.values())),)},
        "ended": {
            (slot[0], str(slot[1])): (outcome,)
            for slot, outcome in model.ended.items()
            if outcome != "done"
        },
        "dispatches": _dispatches(model),
        "missed": {(t, iso(at)): (count,) for (t, at), count in model.missed.items()},
        "written": {("signals",): (model.written,)},
        "signals": {
            (str(trader), f"S{position}USDT", timeframe, iso(at)): (True,)
            for trader, position, timeframe, at in model.signals
        },
        "traders": {
            (str(t.id),): (
                t.state,
                t.filter,
                t.failures,
                None if t.last_candle is None else iso(t.last_candle),
                bits(t.matched).rstrip("0"),
            )
            for t in model.traders.values()
        },
        "violations": {},
    }


def _tenants(model: Model) -> dict[Any, Any]:
    counts = {
        (str(account),): (
            sum(1 for j in model.jobs if j.account == account and j.place == READY),
            model.leased_by(account),
        )
        for account in model.tenants
    }
    return {account: pair for account, pair in counts.items() if any(pair)}


def _dispatches(model: Model) -> dict[Any, Any]:
    return {
        (d.id,): (
            d.due,
            *(
                sum(1 for slot, end in model.ended.items() if slot[0] == d.id and end == outcome)
                for outcome in ("done", "skipped", "failed", "expired")
            ),
            d.suppressed,
        )
        for d in model.dispatches.values()
    }


def iso(moment: datetime) -> str:
    """Return a time as Postgres writes it into JSON."""
    return moment.isoformat()


def bits(positions: set[int], width: int = 4) -> str:
    """Return positions as a bit string."""
    return "".join("1" if p in positions else "0" for p in range(width))
