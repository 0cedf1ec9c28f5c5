"""Two sessions at an exact point of each other: who holds a lock, who waits for it, never a sleep.

A `Gate` is an advisory lock that a trigger takes: whoever writes to a table stops there until the
test opens it. `in_background` runs a call in a thread; `waits` returns once its session waits for a
lock, as `pg_stat_activity` sees it.
"""

from __future__ import annotations

import threading
import time
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    import psycopg
    from tests.fixtures.database import Database

PATIENCE_SECONDS: Final = 20.0

_GATE: Final = """
create function candlewatch.stop_at_gate() returns trigger language plpgsql as $$
begin
  perform pg_advisory_lock_shared(4711);
  perform pg_advisory_unlock_shared(4711);
  return null;
end $$;
"""


class Gate:
    """A closed gate at the writes to one table; open it with `open`.

    Args:
        database: where.
        table: qualified name; whoever inserts, updates or deletes there stops before the change.
        moment: another moment of a statement to stop at, for instance `after insert`.
    """

    def __init__(
        self, database: Database, table: str, moment: str = "before insert or update or delete"
    ) -> None:
        self._keeper = database.connect()
        self._keeper.execute("select pg_advisory_lock(4711)")
        database.run(_GATE)
        database.run(
            f"create trigger gate {moment} on {table} "
            "for each statement execute function candlewatch.stop_at_gate()"
        )

    def open(self) -> None:
        """Let everybody pass, now and later."""
        self._keeper.execute("select pg_advisory_unlock(4711)")


def waits(database: Database, connection: psycopg.Connection, lock: str = "%") -> None:
    """Return once the session of a connection waits for a lock, of any or of one kind."""
    pid = connection.info.backend_pid
    reach(
        lambda: database.one(
            "select wait_event_type = 'Lock' and wait_event like %s from pg_stat_activity "
            "where pid = %s",
            [lock, pid],
        )
    )


def reach(condition: Callable[[], Any]) -> None:
    """Return once a condition holds; fail when it does not in time."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < deadline, "a condition was not reached in time"
        threading.Event().wait(0.002)


@contextmanager
def background() -> Iterator[ThreadPoolExecutor]:
    """Run calls in threads; all have ended when the block ends."""
    with ThreadPoolExecutor(max_workers=64) as pool:
        yield pool


def result_of(call: Future[Any]) -> Any:
    """Return what a background call returned, or raise what it raised."""
    return call.result(timeout=PATIENCE_SECONDS)


def together(calls: list[Callable[[], Any]]) -> list[Any]:
    """Run calls at once, in threads that start at a barrier; return their results in order."""
    barrier = threading.Barrier(len(calls))

    def run(call: Callable[[], Any]) -> Any:
        barrier.wait(PATIENCE_SECONDS)
        return call()

    with ThreadPoolExecutor(max_workers=len(calls)) as pool:
        return [f.result(timeout=120) for f in [pool.submit(run, call) for call in calls]]
