"""Fetch the candles that just closed, once for everybody, and publish them together.

    1. `wait_for_close`  nothing is asked for before the exchange's own clock says that it is over
    2. `collect`         ask for each symbol until its candle is there or ten seconds have passed
    3. `derive_longer`   longer candles that close at the same instant, from stored frames and this
    4. `publish_frames`  all of them in one transaction; what is late is unknown, and repaired later
    5. `audit`           a few derived candles are compared with the exchange's own

Times are the market's, read from the exchange before each round of questions: a candle that was
closed then is closed for certain, at any speed of the clock.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import numpy as np

from candlewatch.exchange.fetch import fetch_candles
from candlewatch.exchange.protocol import jumps, last_closed
from candlewatch.frames.packing import pack_text, read_stream
from candlewatch.frames.window import FIELDS
from candlewatch.runs.close import Close, Ingest, IngestDatabase
from candlewatch.runs.longer import audit, derive_longer
from candlewatch.runs.tasks import Task, TaskPutOff, seconds_until, work_off
from candlewatch.settings import (
    CLOSES_BEFORE,
    INGEST_EARLY_SECONDS,
    INGEST_POLL_SECONDS,
    INGEST_WAIT_SECONDS,
)
from candlewatch.timeframes import timeframe_named

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from candlewatch.exchange.protocol import Exchange
    from candlewatch.runs.deadline import Deadline
    from candlewatch.timeframes import Timeframe


def run_ingest(
    database: IngestDatabase,
    exchange: Exchange,
    worker: str,
    deadline: Deadline,
    sleep: Callable[[float], None] = time.sleep,
) -> dict[str, int]:
    """Fetch and publish every close that is due.

    Args:
        database: the worker functions.
        exchange: where candles come from.
        worker: who claims.
        deadline: nothing is claimed after it.
        sleep: waits some seconds.

    Returns:
        Counts of tasks, candles, late symbols, dispatches, audited and differing candles.
    """
    ingest = Ingest(database, exchange, deadline, sleep)
    return work_off(database, worker, "ingest", deadline, lambda task: ingest_close(ingest, task))


def ingest_close(ingest: Ingest, task: Task) -> dict[str, int]:
    """Fetch and publish one close.

    Raises:
        TaskPutOff: the exchange gave no candle at all.
        LeaseLost: another worker has the task.
    """
    base = timeframe_named(task.payload["base"])
    closes_at = datetime.fromisoformat(task.payload["closes_at"])
    listed = ingest.database.load_symbols()["symbols"]
    trading = {item["symbol"]: item["position"] for item in listed if item["trading"]}
    values = np.full((len(FIELDS), len(listed)), np.nan)
    number = base.index_of(closes_at) - 1
    before = closes_before(ingest, base, number, len(listed))
    close = Close(base, number, trading, values, before)
    rounds = collect(ingest, close, wait_for_close(ingest, close))
    late = len(close.missing)
    if late == len(trading):
        reason = str(close.refusal or f"no symbol has a candle of {closes_at.isoformat()} yet")
        raise TaskPutOff(reason, seconds_until(close.refusal, datetime.now(UTC)) or 2.0)
    frames = derive_longer(ingest, close, task.payload["timeframes"])
    published = ingest.database.publish_frames(
        task.token,
        task.id,
        closes_at,
        [
            {
                "timeframe": name,
                "open_time": timeframe_named(name).last_closed(closes_at).isoformat(),
                "values": pack_text(frame),
            }
            for name, frame in frames.items()
        ],
    )
    counts = {"candles": len(trading) - late, "late": late, "rounds": rounds}
    counts["dispatches"] = len(published["dispatches"])
    return counts | audit(ingest, close, frames)


def wait_for_close(ingest: Ingest, close: Close) -> datetime:
    """Wait until the exchange's clock says that the candle is closed for certain.

    Returns:
        What the exchange's clock says then.

    Raises:
        TaskPutOff: its clock is far behind the database's.
    """
    while True:
        now = ingest.exchange.time(ingest.seconds())
        if last_closed(close.timeframe, now) >= close.number:
            return now
        ahead = (close.closes_at - now).total_seconds()
        if ahead > INGEST_EARLY_SECONDS or ingest.deadline.left() <= INGEST_POLL_SECONDS:
            reason = f"by the exchange's clock the candle closes in {ahead:.1f} s"
            raise TaskPutOff(reason, max(1.0, ahead))
        ingest.sleep(INGEST_POLL_SECONDS)


def collect(ingest: Ingest, close: Close, now: datetime) -> int:
    """Ask for candles until all are there, ten seconds have passed, or no more calls are wanted.

    Args:
        ingest: what the run works with.
        close: takes the candles.
        now: by the exchange's clock.

    Returns:
        How many rounds it took.
    """
    rounds = 0
    while True:
        rounds += 1
        take(ingest, close)
        waited = (now - close.closes_at).total_seconds()
        if not close.missing or close.refusal is not None or waited >= INGEST_WAIT_SECONDS:
            return rounds
        if ingest.deadline.left() <= INGEST_POLL_SECONDS:
            return rounds
        ingest.sleep(INGEST_POLL_SECONDS)
        now = ingest.exchange.time(ingest.seconds())


def closes_before(
    ingest: Ingest, timeframe: Timeframe, number: int, rows: int
) -> NDArray[np.float64]:
    """Return the last close that is known of each symbol, NaN where none is near."""
    first, last = number - CLOSES_BEFORE, number - 1
    times = (timeframe.open_of(first), timeframe.open_of(last))
    stream = ingest.database.load_frames(timeframe.name, *times)
    closes = read_stream(stream, timeframe, first, last, rows).field("close")
    newest = closes.shape[1] - 1 - np.argmax(np.isfinite(closes)[:, ::-1], axis=1)
    known: NDArray[np.float64] = closes[np.arange(rows), newest]
    return known


def take(ingest: Ingest, close: Close) -> None:
    """Ask once for every symbol whose candle is missing; an absurd price is as good as none."""
    span = (close.number, close.number)
    fetched = fetch_candles(
        ingest.exchange, close.missing, close.timeframe, span, seconds=ingest.seconds()
    )
    for name, candles in fetched.candles.items():
        row = close.symbols[name]
        absurd = jumps(np.append(close.before[row], candles.values[3])).any()
        if len(candles.numbers) and not absurd:
            close.values[:, row] = candles.values[:, 0]
    close.refusal = fetched.closed
