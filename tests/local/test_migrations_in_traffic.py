"""A migration waits briefly for its locks and tries again: traffic goes on and no slot is lost."""

from __future__ import annotations

import threading
import time
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final, Self
from uuid import UUID

import psycopg
import pytest
from tests.fixtures.clock import set_clock
from tests.fixtures.queue import call, claim, complete
from tests.fixtures.waiting import wait_for
from tests.queue.scene import enqueue, make_running, make_symbols, publish

from candlewatch.errors import SetupError
from candlewatch.local.migrations import LOCK_SECONDS, apply_migrations

if TYPE_CHECKING:
    from pathlib import Path

    from tests.fixtures.database import Database

WORKERS: Final = 3
SLACK_SECONDS: Final = 1.5
"""For the call itself, on a machine that does other things as well."""

CHANGE: Final = """
alter table candlewatch.leases add column remark text not null default 'hot';
comment on column candlewatch.leases.remark is 'Added while workers claim and complete.';
"""


TRADERS: Final = 40
START: Final = datetime(2026, 1, 5, 12, tzinfo=UTC)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "20990101000000_add_remark.sql").write_text(CHANGE)
    return tmp_path


@dataclass
class Traffic:
    """Workers that claim and complete until they are stopped; `slowest` is their longest call."""

    database: Database
    slowest: float = 0.0
    problems: list[Exception] = field(default_factory=list)
    stop: threading.Event = field(default_factory=threading.Event)
    threads: list[threading.Thread] = field(default_factory=list)

    def __enter__(self) -> Self:
        for _ in range(WORKERS):
            connection = self.database.connect("candlewatch_worker")
            thread = threading.Thread(target=self._work, args=[connection])
            thread.start()
            self.threads.append(thread)
        return self

    def __exit__(self, *_: object) -> None:
        self.stop.set()
        for thread in self.threads:
            thread.join()

    def _work(self, connection: psycopg.Connection) -> None:
        try:
            while not self.stop.is_set():
                started = time.monotonic()
                batch = claim(connection, limit=3)
                self._note(started)
                if not batch["jobs"]:
                    self.stop.wait(0.01)
                    continue
                started = time.monotonic()
                assert complete(connection, batch)["outcome"] == "done"
                self._note(started)
        except Exception as problem:  # noqa: BLE001 - the test looks at it
            self.problems.append(problem)

    def _note(self, started: float) -> None:
        self.slowest = max(self.slowest, time.monotonic() - started)


def start_migration(
    database: Database, folder: Path, patience: float = 60.0
) -> tuple[threading.Thread, list[str]]:
    """Apply the newest migration in a thread; return what it says."""
    said: list[str] = []
    connection = database.connect()

    def apply() -> None:
        try:
            apply_migrations(connection, folder, patience, said.append)
        except (SetupError, psycopg.Error) as problem:
            said.append(str(problem))

    thread = threading.Thread(target=apply)
    thread.start()
    return thread, said


def forget_history(database: Database) -> None:
    """Let a folder with one new migration be all that there is to know."""
    database.run("delete from supabase_migrations.schema_migrations")


def close_next(database: Database) -> None:
    """Let the next candle close, once the slots of the last one have been claimed."""
    wait_for(
        lambda: not database.one("select exists (select from candlewatch.ready)"), "an empty queue"
    )
    closes_at = database.one("select candlewatch.market_now()") + timedelta(minutes=5)
    set_clock(database, "market_now", "stable", closes_at)
    publish(database, closes_at)
    enqueue(database)


@pytest.mark.timeout(120)
def test_a_hot_table_is_altered_while_workers_work_and_one_holds_a_long_transaction(
    database: Database, folder: Path
) -> None:
    forget_history(database)
    set_clock(database, "market_now", "stable", START)
    database.run("update candlewatch.settings set slots_per_job = 1")
    make_symbols(database)
    for _ in range(TRADERS):
        make_running(database)
    close_next(database)
    long = database.connect("candlewatch_worker", autocommit=False)
    held = claim(long, limit=2)
    long.commit()
    assert "lease_until" in call(long, "extend_lease", UUID(held["token"]), 60.0)

    # Whatever goes wrong, the long one ends first, and with it the wait of all others.
    with Traffic(database) as traffic, closing(long):
        thread, said = start_migration(database, folder)
        while len([line for line in said if "waits" in line]) < 2:
            close_next(database)
        long.commit()
        thread.join()
        close_next(database)
        assert complete(long, held)["outcome"] == "done"
        long.commit()
        wait_for(
            lambda: (
                not database.one(
                    "select exists (select from candlewatch.ready) "
                    "or exists (select from candlewatch.leased)"
                )
            ),
            "the end of all slots",
        )

    assert traffic.problems == []
    assert said[-1].startswith("20990101000000_add_remark.sql applied in ")
    assert traffic.slowest < LOCK_SECONDS + SLACK_SECONDS
    # What the long one held has been overtaken by newer candles: it ends as expired.
    counts = database.rows(
        "select d.due_count, d.done_count, d.expired_count from monitor.dispatches as d "
        "order by d.closes_at"
    )
    assert len(counts) > 2
    assert counts[0] == (TRADERS, TRADERS - len(held["jobs"]), len(held["jobs"]))
    assert counts[1:] == [(TRADERS, TRADERS, 0)] * len(counts[1:])
    assert database.rows("select * from monitor.violations") == []


@pytest.mark.timeout(60)
def test_a_lock_that_is_never_free_changes_nothing_and_names_who_holds_it(
    database: Database, folder: Path
) -> None:
    forget_history(database)
    holder = database.connect(autocommit=False)
    holder.execute("lock table candlewatch.leases in access share mode")

    thread, said = start_migration(database, folder, patience=0.0)
    thread.join()

    assert len(said) == 1
    assert "_add_remark.sql did not get its locks within 0 s and changed nothing" in said[0]
    assert f"process {holder.info.backend_pid} (postgres" in said[0]
    assert database.rows("select version from supabase_migrations.schema_migrations") == []
    holder.rollback()


def test_two_that_migrate_at_once_apply_each_migration_once(
    database: Database, folder: Path
) -> None:
    forget_history(database)
    (folder / "20990102000000_pause.sql").write_text("select pg_sleep(0.3);")

    both = [start_migration(database, folder) for _ in range(2)]
    for thread, _ in both:
        thread.join()

    said = [line.split(" in ")[0] for _, lines in both for line in lines if "applied" in line]
    assert sorted(said) == [
        "20990101000000_add_remark.sql applied",
        "20990102000000_pause.sql applied",
    ]
    assert not [line for _, lines in both for line in lines if "applied" not in line]
