"""A server with fsync on, filled with traders and jobs, and workers that do nothing else.

The workers fetch every answer whole and parse none of it: the queue is measured, not Python.
"""

from __future__ import annotations

import json
import threading
import time
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final
from uuid import uuid4

from tests.fixtures.database import Database
from tests.fixtures.server import make_template, running_server
from tests.queue.bulk import fill_jobs, fill_traders
from tests.queue.scene import change_settings, make_filter, make_symbols, packed_frame

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import psycopg
    from tests.fixtures.server import Server

SYMBOLS: Final = 400
BATCH: Final = 500
WORKERS: Final = 2
SERVER: Final = {
    "max_connections": "100",
    "shared_buffers": "512MB",
    "max_wal_size": "4GB",
    "checkpoint_timeout": "30min",
    "autovacuum_naptime": "5s",
}

_CLAIM: Final = b"select worker.claim_batch(%s, 'bench', %s, 1e18, 60)::text"
_COMPLETE: Final = b"select worker.complete_batch(%s, %s::jsonb)::text"


@dataclass
class Stage:
    """A database with traders of one filter.

    Attributes:
        results: what a worker sends for every batch: the filter matches nothing new.
    """

    server: Server
    database: Database
    filter_id: int
    results: str = "{}"

    def fill(self, *, slots: int = 1) -> None:
        """Make a ready job of every so many traders, and answer for its dispatch."""
        fill_jobs(self.database, slots=slots)
        self.database.run("vacuum (analyze) candlewatch.ready, candlewatch.seats")
        self.results = json.dumps(
            {
                "filters": [
                    {
                        "dispatch": self.database.one("select max(id) from candlewatch.dispatches"),
                        "filter": self.filter_id,
                        "true": "0" * SYMBOLS,
                        "unknown": "0" * SYMBOLS,
                    }
                ]
            }
        )


@contextmanager
def benchmark_server() -> Iterator[Server]:
    """Run a server that syncs every commit."""
    with running_server(SERVER) as server:
        make_template(server)
        yield server


@contextmanager
def staged(server: Server, *, tenants: int, traders: int, tier: str = "elite") -> Iterator[Stage]:
    """Give a database with so many tenants of so many running traders each, and no jobs."""
    with ExitStack() as stack:
        name = server.clone()
        stack.callback(server.drop, name)
        database = Database(server, name, stack)
        make_symbols(database, SYMBOLS)
        change_settings(database, leased_limit=10_000)
        number = make_filter(database)
        fill_traders(database, tenants=tenants, traders=traders, filter_id=number, tier=tier)
        database.run(
            "insert into candlewatch.frames (timeframe, open_time, packed, unknown_count, "
            "stored_at) values ('5m', candlewatch.candle_start('5m', now() - interval '5m'), "
            "%s, 0, now())",
            [packed_frame(SYMBOLS)],
        )
        database.run("select candlewatch.prepare_partitions()")
        database.run("vacuum (analyze)")
        yield Stage(server, database, number)


def claim(connection: psycopg.Connection, limit: int = BATCH) -> tuple[str, str]:
    """Claim a batch; return its token and the answer as text."""
    token = str(uuid4())
    row = connection.execute(_CLAIM, [token, limit], prepare=True).fetchone()
    assert row is not None
    return token, row[0]


def complete(connection: psycopg.Connection, token: str, results: str) -> str:
    """Complete a batch; return the answer as text."""
    row = connection.execute(_COMPLETE, [token, results], prepare=True).fetchone()
    assert row is not None
    told: str = row[0]
    return told


def drain_seconds(work: Callable[[], Callable[[], bool]], workers: int = WORKERS) -> float:
    """Return how long so many workers take until none finds anything.

    Args:
        work: makes one worker; each call of it does a batch and says whether there was one.
        workers: how many run at once.
    """
    steps = [work() for _ in range(workers)]
    barrier = threading.Barrier(workers + 1)

    def run(step: Callable[[], bool]) -> None:
        barrier.wait()
        while step():
            pass

    threads = [threading.Thread(target=run, args=[step]) for step in steps]
    for thread in threads:
        thread.start()
    barrier.wait()
    started = time.perf_counter()
    for thread in threads:
        thread.join()
    return time.perf_counter() - started
