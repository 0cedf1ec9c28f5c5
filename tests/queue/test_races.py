"""However many call at once: one job per slot, and never one job over a cap."""

from __future__ import annotations

import threading
from functools import partial
from typing import TYPE_CHECKING, Final

import pytest
from tests.fixtures.factories import make_account
from tests.queue.gates import together
from tests.queue.scene import answer, change_settings, make_running, publish

if TYPE_CHECKING:
    from uuid import UUID

    import psycopg
    from tests.fixtures.database import Database
    from tests.queue.scene import Scene, Worker

TICKS: Final = 100
JOBS: Final = 120


def test_a_hundred_ticks_at_once_make_each_job_once(scene: Scene) -> None:
    for _ in range(20):
        make_running(scene.database)
    publish(scene.database, scene.clock.advance(minutes=5))
    sessions = [scene.database.connect() for _ in range(TICKS)]

    counts = together([partial(tick_count, session) for session in sessions])

    assert all("failed" not in count for count in counts)
    assert sum(count.get("enqueued", 0) for count in counts) == 20
    assert sum(count.get("ingest", 0) for count in counts) == 1
    assert scene.live() == {"ready": 20}
    assert scene.database.one("select count(*) from candlewatch.tasks where kind = 'ingest'") == 1
    assert scene.violations() == []


@pytest.mark.parametrize("pollers", [12, 50])
@pytest.mark.parametrize("cap", [1, 3, 10])
def test_pollers_at_once_never_exceed_a_tenants_cap(scene: Scene, pollers: int, cap: int) -> None:
    account = make_account(scene.database)
    make_jobs(scene, account)
    scene.database.run("update candlewatch.seats set concurrency_limit = %s", [cap])
    scene.close()
    watch_caps(scene.database)

    poll_at_once(scene, pollers)

    assert scene.counts() == {"due": JOBS, "done": JOBS}
    assert scene.database.one("select max(jobs) from candlewatch.test_seen") == cap
    assert scene.violations() == []


def test_pollers_at_once_never_exceed_the_global_cap(scene: Scene) -> None:
    change_settings(scene.database, leased_limit=7)
    for _ in range(4):
        make_jobs(scene, make_account(scene.database), JOBS // 4)
    scene.close()
    watch_caps(scene.database)

    poll_at_once(scene, 12)

    assert scene.counts() == {"due": JOBS, "done": JOBS}
    assert scene.violations() == []


def make_jobs(scene: Scene, account: UUID, count: int = JOBS) -> None:
    """Make traders whose slots are jobs of their own."""
    change_settings(scene.database, slots_per_job=1)
    for _ in range(count):
        make_running(scene.database, account=account)


def watch_caps(database: Database) -> None:
    """Have every change of a tenant fail that leaves it, or all together, over the cap.

    The count is exact: who changes a tenant's leased jobs holds its row until the commit.
    """
    database.run("""
        create table candlewatch.test_seen (jobs integer not null);
        create function candlewatch.watch_caps() returns trigger language plpgsql as $$
        declare
          v_own integer := (
            select count(*) from candlewatch.leased as l where l.account_id = new.account_id);
        begin
          insert into candlewatch.test_seen values (v_own);
          if v_own > new.concurrency_limit or new.leased_count <> v_own then
            raise exception '% jobs leased, counted %, cap %', v_own, new.leased_count,
              new.concurrency_limit;
          end if;
          return null;
        end $$;
        create trigger watch after update on candlewatch.seats
          for each row execute function candlewatch.watch_caps();
        create function candlewatch.watch_all() returns trigger language plpgsql as $$
        begin
          if (select count(*) from candlewatch.leased) > (
            select s.leased_limit from candlewatch.settings as s)
          then
            raise exception 'over the global cap';
          end if;
          return null;
        end $$;
        create trigger watch after update on candlewatch.queue_state
          for each row execute function candlewatch.watch_all();
        """)


def poll_at_once(scene: Scene, pollers: int) -> None:
    """Let so many workers claim and complete until all jobs are done."""
    left = Countdown(JOBS)
    workers = [scene.worker(str(n)) for n in range(pollers)]
    together([partial(poll, worker, left) for worker in workers])


def tick_count(session: psycopg.Connection) -> dict[str, int]:
    """Tick; return what each step counted."""
    row = session.execute("select candlewatch.tick()").fetchone()
    assert row is not None
    counts: dict[str, int] = row[0]
    return counts


class Countdown:
    """How many jobs are left, for all threads."""

    def __init__(self, jobs: int) -> None:
        self.jobs = jobs
        self._lock = threading.Lock()

    def take(self, jobs: int) -> None:
        """Count completed jobs."""
        with self._lock:
            self.jobs -= jobs


def poll(worker: Worker, left: Countdown) -> None:
    """Claim and complete until nothing is left."""
    try:
        while left.jobs > 0:
            batch = worker.claim(limit=4)
            if batch["jobs"]:
                told = worker.complete(batch["token"], answer(batch, true="0000"))
                assert told["outcome"] == "done"
                left.take(len(batch["jobs"]))
    except BaseException:
        left.take(JOBS)
        raise
