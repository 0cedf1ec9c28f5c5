"""Notes every tick that ends, and can let one hang at its end: a trigger on the tick's own row."""

from __future__ import annotations

import os
import signal
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tests.fixtures.waiting import is_alive, wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from tests.fixtures.database import Database
    from tests.fixtures.server import Server

FIRST_TICK_SECONDS: Final = 75.0
"""pg_cron 1.4 starts a job with the next minute."""

_MAKE: Final = """
create schema witness;
create table witness.ticks (at timestamptz not null, transaction bigint not null);
create table witness.gate (closed boolean not null);
insert into witness.gate values (false);
create function witness.note_tick() returns trigger language plpgsql set search_path = '' as $$
begin
  while exists (select from witness.gate as g where g.closed) loop
    perform pg_sleep(0.05);
  end loop;
  insert into witness.ticks values (clock_timestamp(), txid_current());
  return new;
end
$$;
create trigger tick_is_witnessed before update of last_at on candlewatch.schedules
  for each row when (new.name = 'tick') execute function witness.note_tick();
"""


@dataclass(frozen=True)
class Tick:
    """A tick that ended: when, and in which transaction."""

    at: datetime
    transaction: int


class Witness:
    """Sees the ticks of a database."""

    def __init__(self, database: Database) -> None:
        self._database = database
        database.run(_MAKE)

    def now(self) -> datetime:
        """Return the server's time."""
        moment: datetime = self._database.one("select clock_timestamp()")
        return moment

    def since(self, moment: datetime) -> list[Tick]:
        """Return the ticks that ended after a moment, oldest first."""
        rows = self._database.rows(
            "select t.at, t.transaction from witness.ticks as t where t.at > %s order by t.at",
            [moment],
        )
        return [Tick(*row) for row in rows]

    def wait_for_ticks(self, count: int = 1, seconds: float = FIRST_TICK_SECONDS) -> list[Tick]:
        """Wait for so many more ticks; return them."""
        now = self.now()
        wait_for(lambda: len(self.since(now)) >= count, f"{count} ticks", seconds)
        return self.since(now)

    @contextmanager
    def hanging_tick(self) -> Iterator[None]:
        """Let the next tick hang at its end, with everything done and nothing committed."""
        self._database.run("update witness.gate set closed = true")
        wait_for(self._hangs, "a tick that hangs", FIRST_TICK_SECONDS)
        try:
            yield
        finally:
            self._database.run("update witness.gate set closed = false")

    def _hangs(self) -> bool:
        return bool(
            self._database.one(
                "select exists (select from pg_stat_activity as a where a.wait_event = 'PgSleep' "
                "and a.query ~ 'candlewatch.tick' and a.datname = current_database() "
                "and a.backend_type <> 'client backend')"
            )
        )


@contextmanager
def stopped_scheduler(database: Database) -> Iterator[None]:
    """Stop pg_cron: its launcher is frozen, and what it had started is ended."""
    superuser = database.connect("supabase_admin")
    row = superuser.execute(
        "select a.pid from pg_stat_activity as a where a.backend_type = 'pg_cron launcher'"
    ).fetchone()
    assert row is not None
    os.kill(row[0], signal.SIGSTOP)
    try:
        superuser.execute(
            "select pg_terminate_backend(a.pid) from pg_stat_activity as a "
            "where a.backend_type = 'pg_cron' or a.application_name = 'pg_cron'"
        )
        yield
    finally:
        os.kill(row[0], signal.SIGCONT)


def kill_and_start(server: Server, database: Database) -> None:
    """Kill the server and all its processes, as a service manager does, and start it again.

    pg_cron's launcher would outlive the server alone, and hold its shared memory.
    """
    cluster = server.cluster
    family = [cluster.pid, *_children_of(cluster.pid)]
    for pid in family:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    wait_for(lambda: not any(map(is_alive, family)), "the end of the server's processes")
    cluster.stop()
    cluster.start(cluster.port)
    database.__dict__.pop("sql", None)


def _children_of(parent: int) -> list[int]:
    listed = Path(f"/proc/{parent}/task/{parent}/children").read_text()
    return [int(pid) for pid in listed.split()]
