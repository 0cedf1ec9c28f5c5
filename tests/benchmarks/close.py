"""From the moment that a frame is publishable to its committed signals, over the whole path.

10,000 traders with filters of their own, over 1,000 tenants, on 400 symbols: `publish_frames`, the
wake through pg_net's stand-in, two processes of `evaluate` behind the gateway, PostgREST, Postgres
with fsync on. A signal is as late as its transaction's commit. The first closes, in which the
functions start and compile, are told by themselves.

`python -m tests.benchmarks.close --short` takes a tenth of the traders.
"""

from __future__ import annotations

import base64
import os
import shutil
import sys
import tempfile
import threading
import time
from contextlib import ExitStack, closing, contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Final
from uuid import uuid4

import numpy as np
from psycopg.types.json import Jsonb
from tests.benchmarks.queue_stage import SERVER
from tests.benchmarks.report import Report
from tests.filters.market import make_market
from tests.filters.realistic import SHAPES, varied
from tests.fixtures.clock import set_clock
from tests.fixtures.database import open_database
from tests.fixtures.project import PROJECT
from tests.fixtures.rest import running_rest
from tests.fixtures.server import make_template, running_server
from tests.fixtures.waiting import wait_for
from tests.machines.machine import running_machine
from tests.queue.bulk import fill_traders
from tests.queue.scene import make_filter, make_symbols

from candlewatch.database import Database as Worker
from candlewatch.filters import compile_filter
from candlewatch.frames.packing import pack
from candlewatch.local import bridge
from candlewatch.local.preparation import keep_secret
from candlewatch.timeframes import TIMEFRAMES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.fixtures.database import Database
    from tests.fixtures.rest import Rest

    from candlewatch.frames.window import Window

TENANTS: Final = 1_000
TRADERS: Final = 10
SYMBOLS: Final = 400
WATCHED: Final = 50
"""Symbols of each trader's universe, those with the most volume: what the smallest tier watches."""

CANDLES: Final = 1_100
COLD_CLOSES: Final = 4
CLOSES: Final = 7
"""Together less than an hour, so that no longer candle closes in between."""

DRAIN_SECONDS: Final = 300.0
DEBOUNCE_SECONDS: Final = 1.0
"""A wake within a second of the last one is not sent."""

BASE: Final = TIMEFRAMES["5m"]

_ASSIGN: Final = """
with own as (
  select f.id, f.source, row_number() over (order by f.id) as place
  from candlewatch.filters as f where f.id <> {first}
),
trader as (
  select t.id, row_number() over (order by md5(t.id::text)) as place from public.traders as t
),
chosen as (
  select t.id as trader_id, o.id as filter_id, o.source
  from trader as t join own as o on o.place = (t.place - 1) % {count} + 1
),
worded as (
  update public.traders as t set filter = c.source from chosen as c where t.id = c.trader_id
)
update public.trader_states as s set filter_id = c.filter_id
from chosen as c where s.trader_id = c.trader_id
"""
_LATENESS: Final = """
select extract(epoch from pg_xact_commit_timestamp(s.transaction_id::xid) - %s::timestamptz)::float8
from public.signals as s where s.candle_at = %s
"""
_LEFT: Final = """
select count(*) > 0 from monitor.dispatches as d
where d.enqueued_at is null
  or d.due_count > d.done_count + d.skipped_count + d.failed_count + d.expired_count
"""

_RUNNING: Final = "select count(*) from candlewatch.runs as r where r.ended_at is null"


@dataclass
class Stage:
    """A database with traders and history, and the way by which an ingest reaches it."""

    database: Database
    worker: Worker
    opens_at: datetime
    frames: list[bytes]
    cpu_seconds: list[float] = field(default_factory=list)

    def close(self, number: int) -> list[float]:
        """Publish candle `number` of those to come; return how late each signal was committed."""
        candle_at = self.opens_at + number * BASE.length
        closes_at = candle_at + BASE.length
        set_clock(self.database, "market_now", "stable", closes_at)
        self.database.run("select candlewatch.plan_ingest()")
        token = uuid4()
        (task,) = self.worker.claim_tasks(token, "bench", "ingest", 1, 60)["tasks"]
        packed = base64.b64encode(self.frames[number]).decode()
        frame = {"timeframe": BASE.name, "open_time": candle_at.isoformat(), "values": packed}
        publishable_at = self.database.one("select clock_timestamp()")
        spent = cpu_seconds(os.getpid())
        self.worker.publish_frames(token, task["id"], closes_at, [frame])
        self._wait_until_drained()
        self.cpu_seconds.append(cpu_seconds(os.getpid()) - spent)
        self._wait_until_idle()
        rows = self.database.rows(_LATENESS, [publishable_at, candle_at])
        return sorted(seconds for (seconds,) in rows)

    def _wait_until_drained(self) -> None:
        # Asked seldom: on two cores the asking would be part of what is measured.
        deadline = time.monotonic() + DRAIN_SECONDS
        while self.database.one(_LEFT):
            if time.monotonic() > deadline:
                raise TimeoutError(f"slots were left after {DRAIN_SECONDS:.0f} s")
            time.sleep(0.2)

    def _wait_until_idle(self) -> None:
        """Let what follows a close end, as it does long before the next one."""
        wait_for(lambda: not self.database.one(_RUNNING), "all runs ended", DRAIN_SECONDS)
        self.database.run("select candlewatch.tick()")
        wait_for(lambda: not self.database.one(_RUNNING), "all runs ended", DRAIN_SECONDS)
        time.sleep(DEBOUNCE_SECONDS)


def measure(report: Report, *, short: bool = False) -> None:
    """Measure closes of 10,000 traders; `short` takes a tenth of them."""
    tenants = TENANTS // 10 if short else TENANTS
    with staged(tenants) as stage:
        cold = [stage.close(number) for number in range(COLD_CLOSES)]
        warm = [stage.close(COLD_CLOSES + number) for number in range(CLOSES)]
    name = f"close.{tenants * TRADERS}_traders"
    lateness = np.concatenate([np.array(signals) for signals in warm])
    report.note(f"{name}.signals_per_close", len(lateness) / len(warm), "signals")
    report.note(f"{name}.first_close.p99", float(np.percentile(cold[0], 99)), "s")
    report.note(f"{name}.cpu", min(stage.cpu_seconds), "s")
    report.note(f"{name}.p50", float(np.percentile(lateness, 50)), "s")
    report.at_most(f"{name}.p99", float(np.percentile(lateness, 99)), "s", 2.0)


@contextmanager
def staged(tenants: int) -> Iterator[Stage]:
    """Run server, PostgREST, gateway with two evaluate processes, and the bridge."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        settings = {**SERVER, "track_commit_timestamp": "on"}
        server = stack.enter_context(running_server(settings))
        make_template(server)
        database = stack.enter_context(open_database(server, server.clone()))
        rest = stack.enter_context(running_rest(database, folder))
        opens_at = datetime.now(UTC).replace(minute=5, second=0, microsecond=0)
        frames = fill_market(database, opens_at)
        fill(database, tenants)
        _start_functions(stack, database, rest, folder)
        worker = stack.enter_context(
            closing(Worker.at(rest.url, "", rest.token("candlewatch_worker")))
        )
        yield Stage(database, worker, opens_at, frames)


def fill(database: Database, tenants: int) -> None:
    """Make tenants with ten traders each, no two of the same filter."""
    first = make_filter(database)
    fill_traders(database, tenants=tenants, traders=TRADERS, filter_id=first, tier="pro")
    chance = Random(7)
    texts = dict.fromkeys(
        varied(SHAPES[turn % len(SHAPES)], chance) for turn in range(tenants * TRADERS)
    )
    rows = []
    for text in texts:
        made = compile_filter(text, BASE)
        needs = Jsonb(dict(made.needs))
        rows.append((BASE.name, text, text, BASE.name, needs, made.lookback, made.cost,
                     list(made.symbols), list(made.names)))  # fmt: skip
    with closing(database.connect("supabase_admin")) as superuser, superuser.cursor() as cursor:
        cursor.execute("set session_replication_role = replica")
        cursor.executemany(
            "insert into candlewatch.filters (content_hash, source, timeframe, state, needs, "
            "lookback, cost, symbols, names, checked_at) values (candlewatch.content_hash(%s, %s), "
            "%s, %s, 'ready', %s, %s, %s, %s, %s, now())",
            rows,
        )
        cursor.execute(_ASSIGN.format(first=first, count=len(texts)).encode())
    database.run(
        "update candlewatch.universes set stated = %s, bits = (select u.bits "
        "from candlewatch.universe_bits(%s, 1000) as u)",
        [Jsonb({"top": WATCHED}), Jsonb({"top": WATCHED})],
    )
    database.run("select candlewatch.prepare_partitions()")
    database.run("vacuum (analyze)")


def fill_market(database: Database, opens_at: datetime) -> list[bytes]:
    """Store symbols and history up to a time; return the frames of the candles that come then."""
    make_symbols(database, SYMBOLS)
    database.run("update public.symbols set symbol = 'BTCUSDT' where position = 0")
    market, _ = make_market(SYMBOLS, CANDLES + COLD_CLOSES + CLOSES, ("5m", "1h", "4h"), seed=1)
    for window in market.windows.values():
        timeframe = window.timeframe
        last = timeframe.index_of(opens_at) - 1
        rows = [
            (timeframe.name, timeframe.open_of(last - CANDLES + 1 + n), frame_of(window, n))
            for n in range(CANDLES)
        ]
        with database.sql.cursor() as cursor:
            cursor.executemany(
                "insert into candlewatch.frames (timeframe, open_time, packed, unknown_count, "
                "stored_at) values (%s, %s, %s, 0, now())",
                rows,
            )
    base = market.windows[BASE.name]
    return [frame_of(base, CANDLES + number) for number in range(COLD_CLOSES + CLOSES)]


def frame_of(window: Window, number: int) -> bytes:
    """Return the packed frame of a window's candle."""
    return pack(np.ascontiguousarray(window.values[:, :, number]))


def cpu_seconds(root: int) -> float:
    """Return the processor time so far of a process and of all that it has started."""
    parents, ticks = {}, {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):  # it may just have ended
            fields = stat.read_text().rpartition(")")[2].split()
            parents[int(stat.parent.name)] = int(fields[1])
            ticks[int(stat.parent.name)] = sum(map(int, fields[11:15]))
    found: set[int] = set()
    more = {root}
    while more:
        found |= more
        more = {pid for pid, parent in parents.items() if parent in found} - found
    return sum(ticks.get(pid, 0) for pid in found) / os.sysconf("SC_CLK_TCK")


def _start_functions(stack: ExitStack, database: Database, rest: Rest, folder: Path) -> None:
    functions = folder / "functions"
    shutil.copytree(PROJECT / "functions" / "evaluate", functions / "evaluate")
    machine = stack.enter_context(
        running_machine("close", "127.0.0.1", rest, folder, functions=functions)
    )
    keep_secret(database.sql, "candlewatch_wake_secret", rest.credentials.wake_secret)
    keep_secret(database.sql, "candlewatch_functions_url", f"{machine.url}/functions/v1")
    stop = threading.Event()
    conninfo = database.conninfo("supabase_admin")
    parts = (bridge.Sender(conninfo, stop), bridge.Scheduler(conninfo, stop))
    threads = [
        threading.Thread(target=bridge.keep_serving, args=[part.serve, stop]) for part in parts
    ]
    for thread in threads:
        thread.start()
        stack.callback(thread.join)
    stack.callback(stop.set)


if __name__ == "__main__":
    outcome = Report()
    measure(outcome, short="--short" in sys.argv)
    sys.exit(1 if outcome.is_short else 0)
