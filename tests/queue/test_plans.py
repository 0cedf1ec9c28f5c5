"""With 100,000 ready jobs and statistics of empty tables, the verbs read the queue by indexes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from tests.queue.bulk import fill_jobs, fill_traders
from tests.queue.scene import Worker, answer, make_filter, publish

if TYPE_CHECKING:
    from tests.fixtures.database import Database
    from tests.queue.scene import Scene

TENANTS: Final = 10_000
JOBS: Final = 100_000
LARGE: Final = ("ready", "leased", "tenants", "seats", "trader_states", "traders", "trader_memory")
"""Tables that may be large: no verb may read one of them, or the lease log, from end to end."""

_FREEZE: Final = "".join(
    f"alter table {name} set (autovacuum_enabled = off); analyze {name};"
    for name in (
        "candlewatch.ready",
        "candlewatch.retries",
        "candlewatch.leased",
        "candlewatch.tenants",
        "candlewatch.seats",
        "candlewatch.trader_memory",
        "public.trader_states",
        "public.traders",
        "public.accounts",
    )
)


def test_claims_completions_and_returns_read_no_large_table_from_end_to_end(scene: Scene) -> None:
    scene.database.run(_FREEZE)
    publish(scene.database, scene.clock.moment)
    fill_traders(
        scene.database,
        tenants=TENANTS,
        traders=JOBS // TENANTS,
        filter_id=make_filter(scene.database),
    )
    fill_jobs(scene.database)
    worker = Worker(scene.database.sql)
    before = scans(scene.database)

    for _ in range(12):
        batch = worker.claim(limit=400)
        assert len(batch["jobs"]) == 400
        worker.complete(batch["token"], answer(batch))
    broken = worker.claim(limit=400)
    worker.complete(broken["token"], {})
    scene.clock.advance(seconds=5)
    worker.enqueue()
    lost = worker.claim(limit=400)
    scene.clock.advance(seconds=30)
    released = worker.claim(limit=400)
    worker.release(released["token"])

    assert len(lost["jobs"]) == len(released["jobs"]) == 400
    assert scans(scene.database) == before


def scans(database: Database) -> dict[str, int]:
    """Return the sequential scans of the large tables so far, by the session of the test."""
    database.run("select pg_stat_force_next_flush()")
    return dict(
        database.connect()
        .execute(
            "select s.relname, s.seq_scan from pg_stat_user_tables as s "
            "where s.relname = any (%s) or s.relname like 'lease\\_log%%'",
            [list(LARGE)],
        )
        .fetchall()
    )
