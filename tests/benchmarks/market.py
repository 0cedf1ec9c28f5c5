"""Market data: parse, publish and load 400 symbols, and the old way, one row per candle over JSON.

Everything goes through a real PostgREST; the exchange is the simulated one, 80 ms away.
"""

from __future__ import annotations

import base64
import json
import tempfile
import time
from contextlib import ExitStack
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import httpx
import numpy as np
from tests.exchange.staging import QUICK, Stage, staged
from tests.fixtures.database import Database, open_database
from tests.fixtures.rest import Rest, running_rest
from tests.fixtures.server import make_template, running_server
from tests.runs.marketplace import CLOSE, Marketplace, deadline, marketplace

from candlewatch.database import Database as Worker
from candlewatch.exchange.budget import DatabaseBudget
from candlewatch.exchange.payload import read_klines
from candlewatch.exchange.simulated.synthetic import SyntheticMarket
from candlewatch.frames.cache import FrameCache
from candlewatch.frames.packing import pack, pack_text, read_stream
from candlewatch.runs.ingest import run_ingest
from candlewatch.settings import CACHE_BYTES
from candlewatch.timeframes import TIMEFRAMES, to_ms

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray
    from tests.benchmarks.report import Report

FIVE: Final = TIMEFRAMES["5m"]
SYMBOLS: Final = 400
CANDLES: Final = 500
DEEP: Final = 1_536
LAST: Final = FIVE.index_of(CLOSE) - 1

_TABLE: Final = """
create table public.candle_rows (
  symbol text, open_time timestamptz, open float8, high float8, low float8, close float8,
  volume float8, quote_volume float8, primary key (symbol, open_time)
);
create function worker.candle_rows() returns jsonb language sql stable security definer
set search_path = '' as $$
  select jsonb_agg(to_jsonb(r) order by r.symbol, r.open_time) from public.candle_rows as r
$$;
grant execute on function worker.candle_rows() to candlewatch_worker;
"""
_FILL: Final = """
insert into public.candle_rows
select c.symbol, c.open_time, c.open, c.high, c.low, c.close, c.volume, c.quote_volume
from public.candles as c
where c.timeframe = '5m' and c.open_time between %s and %s
"""


def measure(report: Report) -> None:
    """Measure all of it."""
    market = SyntheticMarket(1, SYMBOLS)
    with ExitStack() as stack:
        server = stack.enter_context(running_server())
        make_template(server)
        database = stack.enter_context(open_database(server, server.clone()))
        database.run(_TABLE)
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        rest = stack.enter_context(running_rest(database, folder))
        worker = Worker.at(rest.url, "", rest.token("candlewatch_worker"))
        stack.callback(worker.close)
        budget = DatabaseBudget(worker)
        stage = stack.enter_context(staged(source=market, policy=QUICK, budget=budget))
        place = stack.enter_context(marketplace(database, rest, stage))
        place.list_symbols()
        measure_parse(report, stage)
        fill(report, place, market.candles(FIVE, LAST - DEEP, LAST - 1))
        measure_ingest(report, place)
        measure_loads(report, place)
        measure_rows(report, place, database, rest)
    measure_memory(report)


def best(
    work: Callable[[], object], runs: int = 3, clock: Callable[[], float] = time.perf_counter
) -> float:
    """Return the shortest of several times, in seconds."""
    times = []
    for _ in range(runs):
        started = clock()
        work()
        times.append(clock() - started)
    return min(times)


def measure_parse(report: Report, stage: Stage) -> None:
    """Parse and validate 400 answers of 500 candles."""
    first, last = LAST - CANDLES + 1, LAST
    query = {"interval": "5m", "limit": str(CANDLES), "endTime": str(to_ms(CLOSE) - 1)}
    names = [symbol.name for symbol in stage.exchange.source.symbols]
    bodies = [stage.exchange.answer("klines", query | {"symbol": name}).body for name in names]
    size = sum(map(len, bodies))

    def parse() -> None:
        for body in bodies:
            read_klines(body, FIVE, first, last)

    seconds = best(parse, clock=time.process_time)

    report.at_most("market.parse.400_answers.cpu", seconds, "s", 3.0)
    report.note("market.parse.rows.cpu", SYMBOLS * CANDLES / seconds, "rows/s")
    report.note("market.parse.bytes.cpu", size / seconds / 1e6, "MB/s")


def fill(report: Report, place: Marketplace, values: NDArray[np.float64]) -> None:
    """Store the history, as a backfill does, by position."""
    listed = [item["symbol"] for item in place.worker.load_symbols()["symbols"]]
    rows = {symbol.name: row for row, symbol in enumerate(place.stage.exchange.source.symbols)}
    values = values[:, [rows[name] for name in listed]]
    frames = [
        {
            "open_time": FIVE.open_of(LAST - DEEP + column).isoformat(),
            "values": pack_text(values[:, :, column]),
        }
        for column in range(DEEP)
    ]
    started = time.perf_counter()
    for start in range(0, DEEP, 100):
        place.worker.store_frames("5m", frames[start : start + 100])
    seconds = time.perf_counter() - started
    report.note("market.store.rows", DEEP * SYMBOLS / seconds, "rows/s")


def measure_ingest(report: Report, place: Marketplace) -> None:
    """Fetch one close of 400 symbols, 80 ms away, and publish it."""
    place.stage.exchange.latency = 0.08
    payload = {"closes_at": CLOSE.isoformat(), "base": "5m", "timeframes": ["5m", "15m", "1h"]}
    place.add_task("ingest", payload)
    published: list[float] = []
    publish = place.worker.publish_frames

    class Watched:
        """The worker functions; notes when the frames are published."""

        def __getattr__(self, name: str) -> Any:
            return getattr(place.worker, name)

        def publish_frames(self, *arguments: Any) -> dict[str, Any]:
            started = time.perf_counter()
            answer = publish(*arguments)
            published.extend([started, time.perf_counter()])
            return answer

    started = time.perf_counter()
    watched: Any = Watched()
    counts = run_ingest(watched, place.stage.client, "test", deadline())
    assert counts["candles"] == SYMBOLS, counts
    report.at_most("market.close_to_published.400_symbols", published[1] - started, "s", 3.0)
    report.note("market.publish.3_frames", published[1] - published[0], "s")
    place.stage.exchange.latency = 0.0


def measure_loads(report: Report, place: Marketplace) -> None:
    """Load frames cold and warm, through the API into arrays."""
    for candles in (CANDLES, DEEP):
        first = LAST - candles + 1

        def load(first: int = first) -> object:
            stream = place.worker.load_frames("5m", FIVE.open_of(first), CLOSE)
            return read_stream(stream, FIVE, first, LAST, SYMBOLS)

        seconds = best(load)
        report.note(f"market.load.cold.{candles}_candles", seconds, "s")
        report.note(f"market.load.cold.{candles}.rows", candles * SYMBOLS / seconds, "rows/s")
        rate = candles * SYMBOLS * 48 / seconds / 1e6
        report.note(f"market.load.cold.{candles}.bytes", rate, "MB/s")
    cache = FrameCache(place.worker.load_frames, CACHE_BYTES)
    cache.window(FIVE, LAST - CANDLES, LAST - 1, SYMBOLS)
    started = time.perf_counter()
    cache.window(FIVE, LAST - CANDLES + 1, LAST, SYMBOLS)
    report.note("market.load.warm.newest_frame", time.perf_counter() - started, "s")


def measure_rows(report: Report, place: Marketplace, database: Database, rest: Rest) -> None:
    """Load the same 500 candles as rows in JSON, and as packed arrays in JSON for comparison."""
    since = FIVE.open_of(LAST - CANDLES + 1)
    database.run(_FILL, [since, FIVE.open_of(LAST)])
    headers = {
        "Authorization": f"Bearer {rest.token('candlewatch_worker')}",
        "Content-Profile": "worker",
    }

    def load_rows() -> int:
        with httpx.Client(timeout=120) as client:
            body = client.post(f"{rest.url}/rpc/candle_rows", json={}, headers=headers).content
        return len(arranged(json.loads(body)))

    def load_frames() -> object:
        stream = place.worker.load_frames("5m", since, CLOSE)
        return read_stream(stream, FIVE, LAST - CANDLES + 1, LAST, SYMBOLS)

    assert load_rows() == SYMBOLS
    rows, frames = best(load_rows, 2), best(load_frames, 5)
    report.note("market.load.rows_over_json.500_candles", rows, "s")
    report.at_least("market.load.times_faster_than_rows", rows / frames, "times", 20.0)
    packed = pack(np.random.default_rng(1).random((6, SYMBOLS)))
    encoded = best(lambda: json.loads(json.dumps(base64.b64encode(packed).decode())))
    listed = best(lambda: json.loads(json.dumps(np.frombuffer(packed, ">f8").tolist())))
    report.note("market.pack.base64_against_json_arrays", listed / encoded, "times")


def arranged(rows: list[dict[str, Any]]) -> dict[str, NDArray[np.float64]]:
    """Return the arrays of each symbol, which is what an evaluation needs of rows."""
    names = ("open", "high", "low", "close", "volume", "quote_volume")
    by_symbol: dict[str, list[list[float]]] = {}
    for row in rows:
        opens_at = datetime.fromisoformat(row["open_time"])
        assert opens_at.tzinfo is not None
        by_symbol.setdefault(row["symbol"], []).append([row[name] for name in names])
    return {symbol: np.array(values).T for symbol, values in by_symbol.items()}


def measure_memory(report: Report) -> None:
    """Fill the cache of a function with six timeframes of 1,000 candles and 400 symbols."""

    def load(_name: str, _since: datetime, _until: datetime) -> bytes:
        return b""

    cache = FrameCache(load, CACHE_BYTES)
    for name in ("5m", "15m", "30m", "1h", "4h", "1d"):
        cache.window(TIMEFRAMES[name], 10_000, 10_999, SYMBOLS)
    report.at_most("market.cache.6x1000x400", cache.size / 2**20, "MiB", CACHE_BYTES / 2**20)
