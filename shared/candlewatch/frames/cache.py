"""The frames that a warm function keeps: one growing window per timeframe, bounded by bytes.

    1. what lies inside the kept window is answered from it
    2. newer candles are loaded together with the last few that are held, so that a late symbol that
       was repaired meanwhile is seen; a changed revision replaces the window
    3. a repair further back changes the database's count of repairs, and the window is loaded anew
    4. the timeframe that was asked for longest ago goes first when the bound is reached

A window that was handed out never changes: new candles are written behind it, repairs into a copy.
Not safe for several threads.
"""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from candlewatch.frames.packing import read_stream
from candlewatch.frames.window import FIELDS, Window
from candlewatch.settings import CACHE_OVERLAP_CANDLES, CACHE_SLACK_CANDLES

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from numpy.typing import NDArray

    from candlewatch.timeframes import Timeframe

    Load = Callable[[str, datetime, datetime], bytes]


@dataclass
class _Kept:
    """One timeframe's buffer: `count` candles from number `first` are filled, the rest is slack."""

    timeframe: Timeframe
    first: int
    count: int
    repairs: int
    values: NDArray[np.float64]
    revisions: NDArray[np.int64]

    @property
    def size(self) -> int:
        return int(self.values.nbytes + self.revisions.nbytes)

    def view(self, first: int, last: int) -> Window:
        chosen = slice(first - self.first, last + 1 - self.first)
        return Window(self.timeframe, first, self.values[:, :, chosen], self.revisions[chosen])


class FrameCache:
    """Windows by timeframe.

    Args:
        load: the database's `load_frames`: name of a timeframe, first and last open time.
        limit_bytes: what the cache may hold; a window that is larger is handed out and not kept.
    """

    def __init__(self, load: Load, limit_bytes: int) -> None:
        self._load = load
        self._limit = limit_bytes
        self._kept: OrderedDict[str, _Kept] = OrderedDict()

    @property
    def size(self) -> int:
        """Bytes that are held."""
        return sum(kept.size for kept in self._kept.values())

    def forget(self, timeframe: str) -> None:
        """Drop a timeframe; its next window is loaded whole."""
        self._kept.pop(timeframe, None)

    def window(
        self,
        timeframe: Timeframe,
        first: int,
        last: int,
        symbol_count: int,
        *,
        revision: int = 0,
        repairs: int = 0,
    ) -> Window:
        """Return the candles `first` to `last`, loading what is not held.

        Args:
            timeframe: of the candles.
            first: number of the first candle.
            last: number of the newest candle.
            symbol_count: rows of the window.
            revision: the least revision that frame `last` must have, 0 for any.
            repairs: the database's count of repairs of this timeframe; another one than last time
                loads everything anew.

        Raises:
            FrameInvalid: what was loaded is no stream of frames.
        """
        kept = self._kept.get(timeframe.name)
        if kept and not _serves(kept, first, symbol_count, repairs):
            kept = None
        if kept is None:
            kept = self._load_whole(timeframe, first, last, symbol_count, repairs)
        elif last >= kept.first + kept.count or kept.revisions[last - kept.first] < max(
            1, revision
        ):
            kept = self._load_newer(kept, first, last)
        self._keep(kept)
        return kept.view(first, last)

    def _load_whole(
        self, timeframe: Timeframe, first: int, last: int, symbol_count: int, repairs: int
    ) -> _Kept:
        loaded = self._read(timeframe, first, last, symbol_count)
        kept = _empty(loaded, first, repairs)
        return _written(kept, loaded)

    def _load_newer(self, kept: _Kept, first: int, last: int) -> _Kept:
        """Load from the overlap on; write behind what was handed out, or into a copy."""
        held = kept.first + kept.count - 1
        since = max(kept.first, min(held, last) - CACHE_OVERLAP_CANDLES + 1)
        newer = self._read(kept.timeframe, since, max(last, held), kept.values.shape[1])
        shared = held + 1 - since
        before = kept.revisions[since - kept.first : kept.count]
        changed = not np.array_equal(before, newer.revisions[:shared])
        if changed or newer.last - kept.first >= kept.values.shape[2]:
            older = kept.view(min(first, since), held)
            kept = _written(_empty(older, min(first, since), kept.repairs, newer.last), older)
            return _written(kept, newer)
        return _written(kept, newer, skip=shared)

    def _read(self, timeframe: Timeframe, first: int, last: int, symbol_count: int) -> Window:
        stream = self._load(timeframe.name, timeframe.open_of(first), timeframe.open_of(last))
        return read_stream(stream, timeframe, first, last, symbol_count)

    def _keep(self, kept: _Kept) -> None:
        self._kept[kept.timeframe.name] = kept
        self._kept.move_to_end(kept.timeframe.name)
        while self._kept and self.size > self._limit:
            self._kept.popitem(last=False)


def _serves(kept: _Kept, first: int, symbol_count: int, repairs: int) -> bool:
    return (
        kept.first <= first <= kept.first + kept.count
        and kept.values.shape[1] == symbol_count
        and kept.repairs == repairs
    )


def _empty(like: Window, first: int, repairs: int, last: int | None = None) -> _Kept:
    """Return an unfilled buffer with room for some candles more than asked for."""
    newest = like.last if last is None else last
    capacity = newest - first + 1 + CACHE_SLACK_CANDLES
    values = np.full((len(FIELDS), like.symbol_count, capacity), np.nan)
    return _Kept(like.timeframe, first, 0, repairs, values, np.zeros(capacity, np.int64))


def _written(kept: _Kept, window: Window, skip: int = 0) -> _Kept:
    """Write a window's candles into the buffer, but for the first `skip`."""
    start = window.first + skip - kept.first
    end = window.last + 1 - kept.first
    kept.values[:, :, start:end] = window.values[:, :, skip:]
    kept.revisions[start:end] = window.revisions[skip:]
    kept.count = max(kept.count, end)
    return kept
