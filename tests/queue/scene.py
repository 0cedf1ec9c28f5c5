"""A market and its traders without exchange and engine: symbols, checked filters, frames, answers.

What the queue needs of the rest of the system is made here by plain functions, so that a test
mentions only what it is about.
"""

from __future__ import annotations

import base64
import struct
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final
from uuid import UUID, uuid4

from psycopg.types.json import Jsonb
from tests.fixtures.factories import make_trader
from tests.queue.moving_clock import NOON

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import psycopg
    from tests.fixtures.database import Database
    from tests.queue.moving_clock import MovingClock

Json = dict[str, Any]

LENGTHS: Final = {
    "1m": timedelta(minutes=1),
    "5m": timedelta(minutes=5),
    "15m": timedelta(minutes=15),
    "1h": timedelta(hours=1),
}


def make_symbols(database: Database, count: int = 4) -> None:
    """List symbols that trade; the higher the position, the more volume."""
    database.run(
        "insert into public.symbols (position, symbol, base_asset, quote_asset, trading, "
        "quote_volume, listed_at, changed_at) select p, 'S' || p || 'USDT', 'S' || p, 'USDT', true,"
        " 1000 + p, candlewatch.now(), candlewatch.now() from generate_series(0, %s - 1) as p",
        [count],
    )
    database.run("update candlewatch.symbol_revision set revision = revision + 1")


def make_filter(
    database: Database, source: str = "close > open", timeframe: str = "5m", cost: float = 1.0
) -> int:
    """Make a filter that passed its check; return its id."""
    found: int = database.one(
        "insert into candlewatch.filters (content_hash, source, timeframe, state, needs, lookback, "
        "cost, symbols, names, checked_at) values (candlewatch.content_hash(%(timeframe)s, "
        "%(source)s), %(source)s, %(timeframe)s, 'ready', '{}', 1, %(cost)s, '{}', '{}', now()) "
        "on conflict (content_hash) do update set cost = excluded.cost returning id",
        {"source": source, "timeframe": timeframe, "cost": cost},
    )
    return found


def make_running(database: Database, **wishes: Any) -> UUID:
    """Make a trader that runs: its filter is checked; takes what `make_trader` takes."""
    make_filter(database, wishes.get("filter", "close > open"), str(wishes.get("timeframe", "5m")))
    return make_trader(database, **wishes)


def change_settings(database: Database, **settings: float) -> None:
    """Change limits of the queue."""
    for name, value in settings.items():
        database.run(f"update candlewatch.settings set {name} = %s", [value])


def packed_frame(symbols: int = 4, price: float = 100.0) -> bytes:
    """Return a frame in which every symbol has the same flat candle."""
    return struct.pack(f">{6 * symbols}d", *[price] * (6 * symbols))


def publish(
    database: Database,
    closes_at: datetime,
    timeframes: Sequence[str] = ("5m",),
    *,
    symbols: int = 4,
    connection: psycopg.Connection | None = None,
) -> list[int]:
    """Publish the frames that close at a moment; return the ids of new dispatches."""
    packed = base64.b64encode(packed_frame(symbols)).decode()
    frames = [
        {"timeframe": t, "open_time": (closes_at - LENGTHS[t]).isoformat(), "values": packed}
        for t in timeframes
    ]
    row = (
        (connection or database.sql)
        .execute("select candlewatch.publish(%s, %s)", [closes_at, Jsonb(frames)], prepare=True)
        .fetchone()
    )
    assert row is not None
    ids: list[int] = row[0]
    return ids


def enqueue(database: Database) -> None:
    """Turn everything that is open into jobs."""
    while database.one("select worker.enqueue_ready(1000) ->> 'slots'") != "0":
        pass


class Worker:
    """A function as the database sees it: a connection and the verbs."""

    def __init__(self, connection: psycopg.Connection, name: str = "worker") -> None:
        self.connection = connection
        self.name = name

    def _call(self, statement: str, values: Sequence[Any]) -> Json:
        row = self.connection.execute(statement.encode(), values, prepare=True).fetchone()
        assert row is not None
        answer: Json = row[0]
        return answer

    def claim(
        self,
        token: UUID | None = None,
        *,
        limit: int = 100,
        cost_limit: float = 1e9,
        lease_seconds: float = 20.0,
    ) -> Json:
        """Claim a batch, by default with a new token."""
        return self._call(
            "select worker.claim_batch(%s, %s, %s, %s, %s)",
            [token or uuid4(), self.name, limit, cost_limit, lease_seconds],
        )

    def complete(self, token: UUID | str, results: Json) -> Json:
        """Complete jobs of a token."""
        return self._call(
            "select worker.complete_batch(%s, %s)", [UUID(str(token)), Jsonb(results)]
        )

    def extend(self, token: UUID | str, lease_seconds: float = 20.0) -> Json:
        """Extend a lease."""
        return self._call("select worker.extend_lease(%s, %s)", [UUID(str(token)), lease_seconds])

    def release(self, token: UUID | str) -> Json:
        """Hand a batch back."""
        return self._call("select worker.release_batch(%s)", [UUID(str(token))])

    def enqueue(self, limit: int = 1000) -> Json:
        """Turn one step of what waits into jobs."""
        return self._call("select worker.enqueue_ready(%s)", [limit])


def pairs_of(batch: Json) -> list[tuple[int, int]]:
    """Return the (dispatch, filter) pairs that a batch asks for, each once, in order."""
    return sorted({(job["dispatch"], f) for job in batch["jobs"] for f in job["filters"]})


def answer(
    batch: Json,
    *,
    true: str | Mapping[tuple[int, int], str] = "1000",
    unknown: str = "0000",
    failed: Iterable[tuple[int, int]] = (),
) -> Json:
    """Return results for all that a batch asks for: bits by symbol position, or failures."""
    lost = set(failed)
    return {
        "filters": [
            {
                "dispatch": pair[0],
                "filter": pair[1],
                "true": true if isinstance(true, str) else true[pair],
                "unknown": unknown,
                "values": {},
            }
            for pair in pairs_of(batch)
            if pair not in lost
        ],
        "failed": [
            {"dispatch": dispatch, "filter": filter_id, "reason": "it broke"}
            for dispatch, filter_id in sorted(lost)
        ],
    }


class Scene:
    """A market at noon with a frozen clock, and what tests of the queue do to it."""

    def __init__(self, database: Database, clock: MovingClock) -> None:
        self.database = database
        self.clock = clock

    def worker(self, name: str = "worker") -> Worker:
        """Return a worker on a connection of its own, in the worker's role.

        A wait for a lock that a test does not resolve fails instead of lasting for ever.
        """
        connection = self.database.connect("candlewatch_worker")
        connection.execute("set lock_timeout = '15s'")
        return Worker(connection, name)

    def close(self, timeframes: Sequence[str] = ("5m",)) -> list[int]:
        """Let the next candle close and turn all its slots into jobs."""
        length = LENGTHS["5m"]
        closes_at = self.clock.moment - (self.clock.moment - NOON) % length + length
        self.clock.set(closes_at)
        ids = publish(self.database, closes_at, timeframes)
        enqueue(self.database)
        return ids

    def signals(self) -> int:
        """Count all signals."""
        found: int = self.database.one("select count(*) from public.signals")
        return found

    def ends(self) -> list[str]:
        """Return the outcomes with reason of slots that did not end as done, in order."""
        return [
            f"{outcome}: {reason}"
            for outcome, reason in self.database.rows(
                "select o.outcome, o.reason from candlewatch.slot_outcomes as o order by 1, 2"
            )
        ]

    def counts(self) -> dict[str, int]:
        """Return the sums of slots over all dispatches, without zeros."""
        (row,) = self.database.rows(
            "select sum(d.due_count), sum(d.done_count), sum(d.skipped_count), "
            "sum(d.failed_count), sum(d.expired_count) from monitor.dispatches as d"
        )
        names = ("due", "done", "skipped", "failed", "expired")
        return {name: int(count) for name, count in zip(names, row, strict=True) if count}

    def live(self) -> dict[str, int]:
        """Return how many slots are where, of those that did not end."""
        return dict(
            self.database.rows(
                "select l.place, count(*)::int from monitor.live_slots as l group by l.place"
            )
        )

    def violations(self) -> list[tuple[Any, ...]]:
        """Return the invariants that do not hold."""
        return self.database.rows("select v.* from monitor.violations as v")
