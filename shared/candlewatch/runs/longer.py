"""Longer candles that close together with the one that was fetched: derived, and audited.

A long candle is derived from the longest shorter timeframe of which every frame is stored, so that
a week costs seven frames and not ten thousand. What misses a part is unknown, and repaired later.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from candlewatch.exchange.fetch import fetch_candles
from candlewatch.frames.derive import derive, first_part
from candlewatch.frames.packing import read_stream
from candlewatch.settings import AUDIT_SYMBOLS, SYMBOL_SECONDS
from candlewatch.timeframes import timeframe_named

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from candlewatch.frames.window import Window
    from candlewatch.runs.close import Close, Ingest
    from candlewatch.timeframes import Timeframe


def derive_longer(
    ingest: Ingest, close: Close, timeframes: Sequence[str]
) -> dict[str, NDArray[np.float64]]:
    """Return the frames of all timeframes that close now, the shortest first.

    A long candle is derived from the longest shorter timeframe of which every frame is stored; what
    misses a part is unknown.
    """
    lengths = sorted(timeframe_named(name) for name in timeframes)
    frames = {close.timeframe.name: close.values}
    for long in lengths:
        if long > close.timeframe:
            frames[long.name] = _derived(ingest, close, frames, long)
    return frames


def _derived(
    ingest: Ingest, close: Close, frames: dict[str, NDArray[np.float64]], long: Timeframe
) -> NDArray[np.float64]:
    shorter = [timeframe_named(name) for name in frames]
    for short in reversed(shorter):
        parts = _parts(ingest, close, frames[short.name], short, long)
        if (parts.revisions > 0).all() or short == close.timeframe:
            break
    return derive(parts, long).values[:, :, -1]


def _parts(
    ingest: Ingest, close: Close, newest: NDArray[np.float64], short: Timeframe, long: Timeframe
) -> Window:
    """Return the short candles of the long one that closes now, the newest of them from memory."""
    last = short.index_of(close.closes_at) - 1
    first = first_part(long, short, long.index_of(close.closes_at) - 1)
    stream = ingest.database.load_frames(short.name, short.open_of(first), short.open_of(last - 1))
    window = read_stream(stream, short, first, last, newest.shape[1])
    window.values[:, :, -1] = newest
    window.revisions[-1] = 1
    return window


def audit(
    ingest: Ingest, close: Close, frames: Mapping[str, NDArray[np.float64]]
) -> dict[str, int]:
    """Compare a few derived candles with the exchange's own, other symbols at every close."""
    counts = {"audited": 0, "differing": 0}
    names = list(close.symbols)
    longer = [timeframe_named(name) for name in frames if name != close.timeframe.name]
    if not longer or close.refusal is not None or ingest.deadline.left() < SYMBOL_SECONDS:
        return counts
    chosen = {names[(close.number * 31 + i) % len(names)] for i in range(AUDIT_SYMBOLS)}
    for long in longer:
        number = long.index_of(close.closes_at) - 1
        fetched = fetch_candles(
            ingest.exchange, chosen, long, (number, number), seconds=ingest.seconds()
        )
        for name, candles in fetched.candles.items():
            derived = frames[long.name][:, close.symbols[name]]
            if len(candles.numbers) and np.isfinite(derived).all():
                counts["audited"] += 1
                counts["differing"] += not np.allclose(candles.values[:, 0], derived, rtol=1e-9)
    return counts
