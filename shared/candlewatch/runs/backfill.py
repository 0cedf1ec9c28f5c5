"""History and repairs: whole frames in chunks, from the exchange's own candles of each timeframe.

    1. a chunk's stored frames are loaded first: what is there is kept, and says who is missing
    2. symbols with an unknown candle in the chunk are fetched, 500 candles in one call
    3. frames that changed are stored, and nothing else; a chunk that was done before costs no call
    4. what two answers lack, a day after the close, is absent: marked, and not asked for again

A run may therefore end or die anywhere and the next one goes on. The newest chunk comes first.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from candlewatch.exchange.fetch import fetch_candles
from candlewatch.exchange.protocol import closed, jumps, last_closed
from candlewatch.frames.packing import pack_text, read_stream
from candlewatch.runs.tasks import (
    Task,
    TaskDatabase,
    TaskPutOff,
    answers,
    seconds_until,
    work_off,
)
from candlewatch.settings import (
    ABSENT_AFTER_SECONDS,
    BACKFILL_CANDLES,
    BACKFILL_SECONDS,
    STORE_FRAMES,
    SYMBOL_SECONDS,
)
from candlewatch.timeframes import timeframe_named

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from uuid import UUID

    from candlewatch.exchange.protocol import Candles, Exchange
    from candlewatch.frames.window import Window
    from candlewatch.runs.deadline import Deadline
    from candlewatch.timeframes import Timeframe


class BackfillDatabase(TaskDatabase, Protocol):
    """The worker functions that a backfill calls."""

    def load_symbols(self) -> dict[str, Any]:
        """Return the symbols by position."""

    def load_frames(self, timeframe: str, since: datetime, until: datetime) -> bytes:
        """Return a stream of frames."""

    def store_frames(self, timeframe: str, frames: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
        """Store history or repairs."""

    def mark_absent(self, timeframe: str, open_times: Sequence[datetime]) -> dict[str, Any]:
        """Mark the unknown candles of frames as absent."""

    def complete_task(self, token: UUID, task: int, result: Mapping[str, Any]) -> dict[str, Any]:
        """End a task."""


@dataclass(frozen=True)
class Backfill:
    """What one run works with."""

    database: BackfillDatabase
    exchange: Exchange
    deadline: Deadline


def run_backfill(
    database: BackfillDatabase, exchange: Exchange, worker: str, deadline: Deadline
) -> dict[str, int]:
    """Fetch and store the history that is due.

    Args:
        database: the worker functions.
        exchange: where candles come from.
        worker: who claims.
        deadline: nothing is claimed after it, and no chunk is begun.

    Returns:
        Counts of tasks, chunks, calls, failed symbols, stored and revised frames.
    """
    backfill = Backfill(database, exchange, deadline)
    if not answers(exchange):
        return {"tasks": 0, "exchange_closed": 1}
    return work_off(
        database, worker, "backfill", deadline, lambda task: fill_history(backfill, task)
    )


def fill_history(backfill: Backfill, task: Task) -> dict[str, int]:
    """Work off one task: payload timeframe, from and to, both open times included.

    Payload `refetch` asks for every symbol again, to find candles that the exchange revised.

    Raises:
        TaskPutOff: time is up, or the exchange wants no calls; what is stored stays.
    """
    timeframe = timeframe_named(task.payload["timeframe"])
    first = timeframe.index_of(datetime.fromisoformat(task.payload["from"]))
    now = backfill.exchange.time(SYMBOL_SECONDS)
    wanted = timeframe.index_of(datetime.fromisoformat(task.payload["to"]))
    last = min(wanted, last_closed(timeframe, now))
    counts: dict[str, int] = {"chunks": 0}
    for chunk in _chunks(first, last):
        if backfill.deadline.left() < SYMBOL_SECONDS:
            raise TaskPutOff("the run's time is up; the next one goes on from here", 0.0)
        done = fill_chunk(backfill, timeframe, chunk, refetch=bool(task.payload.get("refetch")))
        for name, number in done.items():
            counts[name] = counts.get(name, 0) + number
    backfill.database.complete_task(task.token, task.id, counts)
    return counts


def _chunks(first: int, last: int) -> Iterator[tuple[int, int]]:
    """Yield the spans of chunks, the newest first."""
    while last >= first:
        start = max(first, last - BACKFILL_CANDLES + 1)
        yield start, last
        last = start - 1


def fill_chunk(
    backfill: Backfill, timeframe: Timeframe, span: tuple[int, int], *, refetch: bool
) -> dict[str, int]:
    """Fetch what is unknown in one chunk and store the frames that changed."""
    listed = backfill.database.load_symbols()["symbols"]
    window = _stored(backfill, timeframe, span, len(listed))
    before = window.values.copy()
    unknown = np.isnan(window.field("close")[:, 1:]).sum(axis=1)
    wanted = {
        item["symbol"]: item["position"]
        for item in listed
        if item["trading"] and (refetch or unknown[item["position"]])
    }
    now = backfill.exchange.time(SYMBOL_SECONDS)
    seconds = max(1.0, min(BACKFILL_SECONDS, backfill.deadline.left()))
    fetched = fetch_candles(
        backfill.exchange, wanted, timeframe, span, seconds=seconds, history=True
    )
    told = {
        wanted[name]
        for name, candles in fetched.candles.items()
        if _written(window, wanted[name], closed(candles, timeframe, now))
    }
    absurd = len(fetched.candles) - len(told)
    stored = _store(backfill, window, before)
    absent = _absent(window, [item["position"] for item in listed if item["trading"]], told, now)
    if absent:
        backfill.database.mark_absent(timeframe.name, absent)
    if fetched.closed is not None:
        wait = seconds_until(fetched.closed, datetime.now(UTC))
        raise TaskPutOff(str(fetched.closed), wait)
    failed = len(fetched.failed) + absurd
    return {"chunks": 1, "calls": len(wanted), "failed": failed, **stored}


def _stored(backfill: Backfill, timeframe: Timeframe, span: tuple[int, int], rows: int) -> Window:
    """Return what is stored of a span, with one candle before it to judge the first by."""
    first, last = span[0] - 1, span[1]
    times = (timeframe.open_of(first), timeframe.open_of(last))
    stream = backfill.database.load_frames(timeframe.name, *times)
    return read_stream(stream, timeframe, first, last, rows)


def _written(window: Window, row: int, candles: Candles) -> bool:
    """Write a symbol's candles over what is stored, but not if a price is absurd beside it."""
    values = window.values[:, row].copy()
    values[:, candles.numbers - window.first] = candles.values
    if jumps(values[3]).any() and not jumps(window.values[3, row]).any():
        return False
    window.values[:, row] = values
    return True


def _absent(window: Window, trading: list[int], told: set[int], now: datetime) -> list[datetime]:
    """Return the old open times at which all that is unknown was asked for and is not there.

    A frame that was not stored before is asked about once more: one answer may have a gap.
    """
    unknown = np.isnan(window.field("close")[trading])
    unsaid = unknown[[row not in told for row in trading]].any(axis=0)
    latest = now - timedelta(seconds=ABSENT_AFTER_SECONDS) - window.timeframe.length
    columns = np.flatnonzero(unknown.any(axis=0) & ~unsaid & (window.revisions > 0))
    times = [window.timeframe.open_of(window.first + int(column)) for column in columns]
    return [moment for moment in times if moment <= latest]


def _store(backfill: Backfill, window: Window, before: Any) -> dict[str, int]:
    """Store the frames that are new or changed, some at a time."""
    same = (window.values == before) | (np.isnan(window.values) & np.isnan(before))
    some = np.isfinite(window.values[3]).any(axis=0)
    changed = np.flatnonzero((~same.all(axis=(0, 1)) | (window.revisions == 0)) & some)
    counts = {"stored": 0, "revised": 0}
    for start in range(0, len(changed), STORE_FRAMES):
        frames = [
            {
                "open_time": window.timeframe.open_of(window.first + int(column)).isoformat(),
                "values": pack_text(window.values[:, :, column]),
            }
            for column in changed[start : start + STORE_FRAMES]
        ]
        answer = backfill.database.store_frames(window.timeframe.name, frames)
        counts["stored"] += int(answer["stored"])
        counts["revised"] += int(answer["revised"])
    return counts
