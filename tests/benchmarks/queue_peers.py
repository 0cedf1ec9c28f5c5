"""What the queue is measured beside, on one server: plain SKIP LOCKED and two libraries.

The libraries run by their ordinary API, as their own documentation starts them: PgQueuer in drain
mode with batches of 200, Procrastinate with 100 concurrent tasks. Extra `bench` brings them.
"""

from __future__ import annotations

import asyncio
import logging
import time
from datetime import timedelta
from typing import TYPE_CHECKING, Final

import asyncpg
import procrastinate
from pgqueuer import PgQueuer, Queries
from pgqueuer.models import Job  # noqa: TC002 - PgQueuer reads the annotation
from pgqueuer.types import QueueExecutionMode

if TYPE_CHECKING:
    from collections.abc import Callable

    import psycopg
    from tests.fixtures.database import Database

_PLAIN: Final = """
create table plain_jobs (
  id bigint generated always as identity primary key, state text not null default 'ready',
  token uuid, lease_until timestamptz, attempt smallint not null default 0,
  account_id uuid not null, payload uuid[] not null
) with (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 1000);
create index plain_jobs_ready on plain_jobs (id) where state = 'ready';
"""
_PLAIN_CLAIM: Final = b"""
with picked as materialized (
  select j.id from plain_jobs as j where j.state = 'ready' order by j.id limit %s
  for update skip locked
),
taken as (
  update plain_jobs as j
  set state = 'leased', token = gen_random_uuid(), attempt = j.attempt + 1,
    lease_until = clock_timestamp() + interval '60 seconds'
  from picked as p where j.id = p.id
  returning j.id, j.payload
)
select array_agg(t.id), jsonb_agg(to_jsonb(t))::text from taken as t
"""


def fill_plain(database: Database, jobs: int) -> None:
    """Make a plain queue with so many jobs."""
    database.run("drop table if exists plain_jobs")
    database.run(_PLAIN)
    database.run(
        "insert into plain_jobs (account_id, payload) select gen_random_uuid(), "
        "array[gen_random_uuid()] from generate_series(1, %s)",
        [jobs],
    )
    database.run("vacuum (analyze) plain_jobs")


def claim_plain(connection: psycopg.Connection, limit: int) -> list[int]:
    """Claim from the plain queue; return the ids."""
    row = connection.execute(_PLAIN_CLAIM, [limit], prepare=True).fetchone()
    assert row is not None
    return row[0] or []


def plain_worker(database: Database, limit: int) -> Callable[[], bool]:
    """Return a worker of the plain queue: claim, delete."""
    connection = database.connect()

    def step() -> bool:
        ids = claim_plain(connection, limit)
        if ids:
            connection.execute(b"delete from plain_jobs where id = any (%s)", [ids], prepare=True)
        return bool(ids)

    return step


def pgqueuer_jobs_per_second(conninfo: str, jobs: int) -> float:
    """Enqueue so many jobs into PgQueuer and drain them with two consumers."""
    return asyncio.run(_pgqueuer(conninfo, jobs))


async def _pgqueuer(conninfo: str, jobs: int) -> float:
    logging.getLogger("pgqueuer").setLevel(logging.ERROR)
    connections = [await asyncpg.connect(conninfo) for _ in range(2)]
    consumers = [PgQueuer.from_asyncpg_connection(c) for c in connections]
    queries = Queries.from_asyncpg_connection(connections[0])
    await queries.install()
    for _ in range(jobs // 1000):
        await queries.enqueue(["evaluate"] * 1000, [None] * 1000, [0] * 1000)
    done = 0
    for consumer in consumers:

        @consumer.entrypoint("evaluate")
        async def evaluate(_: Job) -> None:
            nonlocal done
            done += 1

    started = time.perf_counter()
    await asyncio.gather(
        *(
            c.run(
                dequeue_timeout=timedelta(seconds=1),
                batch_size=200,
                mode=QueueExecutionMode.drain,
            )
            for c in consumers
        )
    )
    seconds = time.perf_counter() - started
    for connection in connections:
        await connection.close()
    assert done == jobs, f"PgQueuer did {done} of {jobs} jobs"
    return jobs / seconds


def procrastinate_jobs_per_second(conninfo: str, jobs: int) -> float:
    """Defer so many jobs to Procrastinate and run two workers until none is left."""
    return asyncio.run(_procrastinate(conninfo, jobs))


async def _procrastinate(conninfo: str, jobs: int) -> float:
    logging.getLogger("procrastinate").setLevel(logging.ERROR)
    app = procrastinate.App(connector=procrastinate.PsycopgConnector(conninfo=conninfo))
    done = 0

    @app.task(queue="evaluate", name="evaluate")
    async def evaluate() -> None:
        nonlocal done
        done += 1

    async with app.open_async():
        await app.schema_manager.apply_schema_async()
        await evaluate.batch_defer_async(*({} for _ in range(jobs)))
        started = time.perf_counter()
        await asyncio.gather(
            *(
                app.run_worker_async(
                    wait=False,
                    concurrency=100,
                    listen_notify=False,
                    install_signal_handlers=False,
                )
                for _ in range(2)
            )
        )
        seconds = time.perf_counter() - started
    assert done == jobs, f"Procrastinate did {done} of {jobs} jobs"
    return jobs / seconds
