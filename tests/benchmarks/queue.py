"""The queue's figures: throughput beside peers, order, snapshots, fences, recovery, enqueue.

`python -m tests.benchmarks.queue --short` runs a tenth of it for a quick look. Ratios are between
measurements of one run on one server; fsync is on.
"""

from __future__ import annotations

import json
import statistics
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import httpx
from tests.benchmarks import queue_peers
from tests.benchmarks.queue_stage import (
    BATCH,
    benchmark_server,
    claim,
    complete,
    drain_seconds,
    staged,
)
from tests.benchmarks.report import Report
from tests.fixtures.rest import running_rest
from tests.queue.scene import publish

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.benchmarks.queue_stage import Stage
    from tests.fixtures.server import Server

EMPTY: Final = '"jobs": []'
MILLISECONDS: Final = 1000.0
_GIVE_HALF: Final = """
with heavy as (
  select t.account_id from candlewatch.seats as t where t.ready_count > 0 limit 1
)
update candlewatch.ready as r
set account_id = h.account_id, tag = r.tag + r.id * 1e-6
from heavy as h where r.id % 2 = 0;
update candlewatch.seats as t
set ready_count = coalesce(r.jobs, 0), first_tag = r.lowest, head_tag = r.lowest,
  last_tag = coalesce(r.highest, 0)
from candlewatch.seats as a
left join (
  select r.account_id, count(*) as jobs, min(r.tag) as lowest, max(r.tag) as highest
  from candlewatch.ready as r group by 1
) as r on r.account_id = a.account_id
where t.account_id = a.account_id
"""


def measure(report: Report, *, short: bool = False) -> None:
    """Measure everything; `short` is a tenth of the work."""
    scale = 10 if short else 1
    with benchmark_server() as server:
        measure_throughput(report, server, scale)
        measure_order(report, server, scale)
        measure_held_snapshot(report, server, 60.0 / scale)
        measure_fence(report, server, 10_000 // scale)
        measure_recovery(report, server)
        measure_enqueue(report, server, 10_000 // scale)


def measure_throughput(report: Report, server: Server, scale: int) -> None:
    """Claim and complete with caps and fairness: 1,000 tenants, batches of 500, two workers."""
    traders = 100 // scale
    jobs = 1_000 * traders
    with staged(server, tenants=1_000, traders=traders) as stage:
        ours, plain = [], []
        for _ in range(3):
            stage.fill()
            ours.append(jobs / drain_seconds(lambda: sql_worker(stage)))
            queue_peers.fill_plain(stage.database, jobs)
            plain.append(
                jobs / drain_seconds(lambda: queue_peers.plain_worker(stage.database, BATCH))
            )
        stage.fill()
        through_rest = jobs / rest_seconds(stage)
        stage.fill(slots=50)
        slots = jobs / drain_seconds(lambda: sql_worker(stage))
        conninfo = stage.database.conninfo()
        pgqueuer = queue_peers.pgqueuer_jobs_per_second(conninfo, 20_000 // scale)
        procrastinate = queue_peers.procrastinate_jobs_per_second(conninfo, 2_000 // scale)
    report.at_least("queue.jobs.sql", max(ours), "jobs/s", 20_000)
    report.at_least("queue.jobs.postgrest", through_rest, "jobs/s", 15_000)
    report.note("queue.slots.in_jobs_of_50", slots, "slots/s")
    report.note("queue.jobs.plain_skip_locked", max(plain), "jobs/s")
    report.at_least("queue.jobs.over_plain_skip_locked", max(ours) / max(plain), "x", 0.6)
    report.at_least("queue.jobs.over_pgqueuer", max(ours) / pgqueuer, "x", 1.0)
    report.at_least("queue.jobs.over_procrastinate", max(ours) / procrastinate, "x", 1.0)
    report.note("queue.jobs.pgqueuer", pgqueuer, "jobs/s")
    report.note("queue.jobs.procrastinate", procrastinate, "jobs/s")


def sql_worker(stage: Stage) -> Callable[[], bool]:
    """Return a worker on a connection of its own."""
    connection = stage.database.connect("candlewatch_worker")

    def step() -> bool:
        token, batch = claim(connection)
        if EMPTY in batch:
            return False
        complete(connection, token, stage.results)
        return True

    return step


def rest_seconds(stage: Stage) -> float:
    """Return how long two workers take through PostgREST."""
    with (
        tempfile.TemporaryDirectory() as folder,
        running_rest(stage.database, Path(folder), pool=2) as rest,
    ):
        headers = {
            "Authorization": f"Bearer {rest.token('candlewatch_worker')}",
            "Content-Profile": "worker",
            "Content-Type": "application/json",
        }

        def worker() -> Callable[[], bool]:
            client = httpx.Client(base_url=f"{rest.url}/rpc", headers=headers, timeout=60)
            names = iter(range(1_000_000))
            prefix = id(client)

            def step() -> bool:
                token = f"{prefix % 2**32:08x}-0000-4000-8000-{next(names):012x}"
                wish = {"p_token": token, "p_worker": "bench", "p_limit": BATCH}
                batch = client.post(
                    "/claim_batch", json={**wish, "p_cost_limit": 1e18, "p_lease_seconds": 60}
                )
                batch.raise_for_status()
                if '"jobs": []' in batch.text or '"jobs":[]' in batch.text:
                    return False
                body = f'{{"p_token": "{token}", "p_results": {stage.results}}}'
                client.post("/complete_batch", content=body).raise_for_status()
                return True

            return step

        return drain_seconds(worker)


def measure_order(report: Report, server: Server, scale: int) -> None:
    """Claims of 500 with 100,000 ready, one tenant owning half; shares by weight."""
    with staged(server, tenants=1_000, traders=100 // scale) as stage:
        stage.fill()
        give_half_to_one(stage)
        connection = stage.database.connect("candlewatch_worker")
        ours = [timed(lambda: claim(connection)) for _ in range(20 // (2 if scale > 1 else 1))]
        queue_peers.fill_plain(stage.database, 100_000 // scale)
        plain = stage.database.connect()
        fifo = [timed(lambda: queue_peers.claim_plain(plain, BATCH)) for _ in ours]
        report.note("queue.claim.p50", statistics.median(ours), "ms")
        report.note("queue.claim.plain_fifo.p50", statistics.median(fifo), "ms")
        report.at_most(
            "queue.claim.over_plain_fifo",
            statistics.median(ours) / statistics.median(fifo),
            "x",
            1.6,
        )
    for weight, tenants in ((4.0, 20), (4.0, 1_000)):
        share = share_of_the_heavy(server, weight, tenants)
        fair = weight / (weight + tenants - 1)
        report.at_most(f"queue.share.error.of_{tenants}_tenants", abs(share - fair), "", 0.02)


def give_half_to_one(stage: Stage) -> None:
    """Move half of all ready jobs to one tenant."""
    stage.database.run(_GIVE_HALF)
    stage.database.run("vacuum (analyze) candlewatch.ready, candlewatch.seats")


def share_of_the_heavy(server: Server, weight: float, tenants: int) -> float:
    """Return the heavy tenant's share of the first 5,000 jobs, when all tenants have plenty."""
    with staged(server, tenants=tenants, traders=6_000 // tenants + 100, tier="free") as stage:
        database = stage.database
        database.run("update candlewatch.seats set concurrency_limit = 10000")
        heavy = database.one(
            "update candlewatch.seats set weight = %s where account_id = ("
            "select min(account_id::text)::uuid from candlewatch.seats "
            "where account_id in (select account_id from public.traders)) returning account_id",
            [weight],
        )
        stage.fill()
        more_jobs(stage, heavy)
        connection = database.connect("candlewatch_worker")
        mine = total = 0
        while total < 5_000:
            token, batch = claim(connection)
            assert EMPTY not in batch
            for account, jobs in database.rows(
                "select l.account_id, count(*) from candlewatch.leased as l where l.token = %s "
                "group by 1",
                [token],
            ):
                total += jobs
                mine += jobs if account == heavy else 0
            complete(connection, token, stage.results)
        return mine / total


def more_jobs(stage: Stage, account: Any) -> None:
    """Give a tenant ten thousand jobs behind those that it has."""
    stage.database.run(
        "insert into candlewatch.ready (account_id, tag, id, dispatch_id, attempt, cost, "
        "trader_ids) select t.account_id, t.last_tag + n / t.weight, "
        "nextval('candlewatch.job_ids'), "
        "(select max(d.id) from candlewatch.dispatches as d), 0, 1, array[gen_random_uuid()] "
        "from candlewatch.seats as t cross join generate_series(1, 10000) as n "
        "where t.account_id = %s",
        [account],
    )
    stage.database.run(
        "update candlewatch.seats set ready_count = ready_count + 10000, "
        "last_tag = last_tag + 10000 / weight where account_id = %s",
        [account],
    )


def measure_held_snapshot(report: Report, server: Server, seconds: float) -> None:
    """Claims while a transaction holds an old snapshot, beside the plain queue."""
    with staged(server, tenants=1_000, traders=50) as stage:
        connection = stage.database.connect("candlewatch_worker")

        def ours() -> float:
            started = time.perf_counter()
            token, batch = claim(connection)
            took = (time.perf_counter() - started) * MILLISECONDS
            if EMPTY in batch:
                stage.fill()
                return ours()
            complete(connection, token, stage.results)
            return took

        plain_connection = stage.database.connect()

        def plain() -> float:
            started = time.perf_counter()
            ids = queue_peers.claim_plain(plain_connection, BATCH)
            took = (time.perf_counter() - started) * MILLISECONDS
            plain_connection.execute("delete from plain_jobs where id = any (%s)", [ids])
            plain_connection.execute(
                "insert into plain_jobs (account_id, payload) select gen_random_uuid(), "
                "array[gen_random_uuid()] from generate_series(1, %s)",
                [len(ids)],
            )
            return took

        report.at_most("queue.held_snapshot.growth", growth(stage, ours, seconds), "x", 1.2)
        queue_peers.fill_plain(stage.database, 20_000)
        report.note(
            "queue.held_snapshot.growth.plain_skip_locked", growth(stage, plain, seconds), "x"
        )


def growth(stage: Stage, step: Callable[[], float], seconds: float) -> float:
    """Return the median of a step at the end of a held snapshot over that before it.

    Both are taken over as long, the first one once the filling of the tables is vacuumed.
    """
    during(step, seconds / 6)
    before = during(step, seconds / 6)
    holder = stage.database.connect(autocommit=False)
    holder.execute("set transaction isolation level repeatable read")
    holder.execute("select count(*) from candlewatch.seats")
    during(step, seconds * 5 / 6)
    after = during(step, seconds / 6)
    holder.rollback()
    return statistics.median(after) / statistics.median(before)


def during(step: Callable[[], float], seconds: float) -> list[float]:
    """Repeat a step for a while; return what it measured."""
    end = time.perf_counter() + seconds
    found = []
    while time.perf_counter() < end:
        found.append(step())
    return found


def measure_fence(report: Report, server: Server, stale: int) -> None:
    """Completions of jobs whose lease is over: none is accepted."""
    with staged(server, tenants=100, traders=max(stale // 100, 10)) as stage:
        stage.fill()
        connection = stage.database.connect("candlewatch_worker")
        tokens = {}
        while True:
            token, batch = claim(connection)
            if EMPTY in batch:
                break
            tokens[token] = [job["id"] for job in json.loads(batch)["jobs"]]
            stage.database.run(
                "update candlewatch.leases set granted_at = granted_at - interval '1 hour', "
                "lease_until = lease_until - interval '1 hour' where token = %s",
                [token],
            )
            if sum(map(len, tokens.values())) >= stale:
                break
        told = [
            complete(connection, token, json.dumps({**json.loads(stage.results), "jobs": [job]}))
            for token, jobs in tokens.items()
            for job in jobs
        ]
        accepted = sum('"outcome": "fenced"' not in answer for answer in told)
        report.note("queue.stale.tried", len(told), "completions")
        report.at_most("queue.stale.accepted", accepted, "completions", 0)


def measure_recovery(report: Report, server: Server) -> None:
    """Time from the end of a dead worker's lease until its jobs are ready, ticking by second."""
    with staged(server, tenants=10, traders=5) as stage:
        stage.fill()
        dead, other = (stage.database.connect("candlewatch_worker") for _ in range(2))
        dead.execute(
            "select worker.claim_batch(gen_random_uuid(), 'dead', 500, 1e18, 2)", prepare=True
        )
        dead.close()
        until = stage.database.one("select max(lease_until) from candlewatch.leases")
        stop = threading.Event()

        def tick() -> None:
            connection = stage.database.connect()
            while not stop.wait(1.0):
                connection.execute("select candlewatch.tick()")

        ticker = threading.Thread(target=tick)
        ticker.start()
        while stage.database.one("select count(*) from candlewatch.ready") == 0:
            time.sleep(0.01)
        seconds = stage.database.one("select extract(epoch from clock_timestamp() - %s)", [until])
        stop.set()
        ticker.join()
        assert EMPTY not in claim(other)[1]
        report.at_most("queue.recovery.after_lease_end", float(seconds), "s", 1.5)


def measure_enqueue(report: Report, server: Server, tenants: int) -> None:
    """Enqueue ten slots of each tenant while a worker claims."""
    with staged(server, tenants=tenants, traders=10) as stage:
        stage.fill(slots=50)
        database = stage.database
        connection = database.connect("candlewatch_worker")
        calm = [timed(lambda: claim(connection, 50)) for _ in range(40)]
        database.run("update candlewatch.frames set open_time = open_time - interval '1 hour'")
        database.run(
            "update candlewatch.dispatches set candle_at = candle_at - interval '1 hour', "
            "closes_at = closes_at - interval '1 hour'"
        )
        closes_at = database.one("select candlewatch.candle_start('5m', candlewatch.now())")
        publish(database, closes_at, symbols=400)
        enqueuer = database.connect("candlewatch_worker")
        waited: list[float] = []
        stop = threading.Event()

        def work() -> None:
            while not stop.is_set():
                waited.append(timed(lambda: claim(connection, 50)))

        worker = threading.Thread(target=work)
        wal = database.one("select pg_current_wal_lsn()")
        worker.start()
        started = time.perf_counter()
        slots = 0
        while made := json.loads(_value(enqueuer))["slots"]:
            slots += made
        seconds = time.perf_counter() - started
        stop.set()
        worker.join()
        wal_bytes = database.one("select pg_current_wal_lsn() - %s::pg_lsn", [wal])
        report.note("queue.enqueue.slots", slots, "slots")
        report.note("queue.enqueue.seconds", seconds, "s")
        report.note("queue.enqueue.wal", float(wal_bytes) / 1e6, "MB")
        wait = max(waited) - statistics.median(calm)
        report.at_most("queue.enqueue.longest_wait_of_a_claim", wait, "ms", 50)


def _value(connection: Any) -> str:
    row = connection.execute("select worker.enqueue_ready(5000)::text", prepare=True).fetchone()
    value: str = row[0]
    return value


def timed(step: Callable[[], object]) -> float:
    """Return the milliseconds of a step."""
    started = time.perf_counter()
    step()
    return (time.perf_counter() - started) * MILLISECONDS


if __name__ == "__main__":
    outcome = Report()
    measure(outcome, short="--short" in sys.argv)
    sys.exit(1 if outcome.is_short else 0)
