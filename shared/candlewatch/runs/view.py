"""The market as people are shown it: the newest stored candles, read with the worker's role.

Symbols and frames are kept for a minute, so that a repair of an older candle is seen soon.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from candlewatch.errors import CallRefused
from candlewatch.frames.cache import FrameCache
from candlewatch.frames.window import Market, Universe, Window
from candlewatch.runs.evaluator import universe_of
from candlewatch.settings import CACHE_BYTES, VIEW_SECONDS
from candlewatch.timeframes import timeframe_named

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from candlewatch.filters import Filter
    from candlewatch.timeframes import Timeframe

_DAY_MS = 86_400_000


class ViewDatabase(Protocol):
    """The worker functions that a view calls."""

    def load_symbols(self) -> dict[str, Any]:
        """Return the symbols by position."""

    def load_frames(self, timeframe: str, since: datetime, until: datetime) -> bytes:
        """Return a stream of frames."""

    def history(self, timeframes: Sequence[str]) -> dict[str, Any]:
        """Return oldest and newest frames by timeframe."""


@dataclass(frozen=True)
class Sight:
    """What a filter sees: the market, and the candles to judge."""

    market: Market
    first: int
    last: int


class View:
    """The newest candles of a database, for filters that are looked at and not run.

    Args:
        database: the worker functions.
        clock: monotonic seconds; tests replace it.
    """

    def __init__(self, database: ViewDatabase, clock: Callable[[], float] = time.monotonic) -> None:
        self._database = database
        self._clock = clock
        self._frames = FrameCache(database.load_frames, CACHE_BYTES)
        self._age = -1
        self._universe = universe_of([])

    def sight(self, compiled: Filter, candles: int) -> Sight:
        """Return what a filter needs to be judged on the newest stored candles.

        Args:
            compiled: the filter.
            candles: how many of its timeframe are judged; the one before them is in sight, too.

        Raises:
            CallRefused: there are no candles of the timeframe.
        """
        self._refresh()
        base = compiled.timeframe
        newest = self._database.history([base.name])[base.name]["newest"]
        if newest is None:
            raise CallRefused(
                409, "CW005", f"there are no candles of {base} yet", "try again later, or try 5m"
            )
        last = base.index_of(datetime.fromisoformat(newest))
        first = last - candles + 1
        windows = {
            name: self._window(base, timeframe_named(name), count, first - 1, last)
            for name, count in compiled.needs.items()
        }
        return Sight(Market(windows, self._universe), first, last)

    def _refresh(self) -> None:
        age = int(self._clock() // VIEW_SECONDS)
        if age != self._age:
            self._universe = universe_of(self._database.load_symbols()["symbols"])
            self._age = age

    def _window(
        self, base: Timeframe, timeframe: Timeframe, count: int, first: int, last: int
    ) -> Window:
        newest = timeframe.index_of(base.open_of(last + 1)) - 1
        oldest = timeframe.index_of(base.open_of(first + 1)) - count
        symbols = len(self._universe.names)
        return self._frames.window(timeframe, oldest, newest, symbols, repairs=self._age)


def candles_of_a_day(timeframe: Timeframe) -> int:
    """Return how many candles of a timeframe close in a day, at least one."""
    return max(1, _DAY_MS // timeframe.ms)


def watched(stated: object, universe: Universe, limit: int) -> NDArray[np.intp]:
    """Resolve a stated universe as a trader's: positions, those with the most volume first.

    Args:
        stated: `{}` for all of USDT, or with `symbols`, `top`, `quote` and `exclude`.
        universe: what the exchange lists.
        limit: the tier's symbols per trader.

    Raises:
        CallRefused: it is no such statement.
    """
    chosen = _checked(stated)
    names, quote = chosen.get("symbols"), chosen.get("quote", "USDT")
    excluded = set(chosen.get("exclude", []))
    wanted = None if names is None else set(names)
    positions = [
        position
        for position, name in enumerate(universe.names)
        if universe.trading[position]
        and name not in excluded
        and (universe.quote_assets[position] == quote if wanted is None else name in wanted)
    ]
    positions.sort(key=lambda position: (-universe.quote_volumes[position], position))
    return np.array(positions[: min(chosen.get("top", limit), limit)], dtype=np.intp)


def _checked(stated: object) -> dict[str, Any]:
    if not isinstance(stated, dict):
        raise _no_universe()
    for name in ("symbols", "exclude"):
        names = stated.get(name, [])
        if not isinstance(names, list) or not all(isinstance(item, str) for item in names):
            raise _no_universe()
    top = stated.get("top", 1)
    if type(top) is not int or top < 1 or not isinstance(stated.get("quote", ""), str):
        raise _no_universe()
    if set(stated) - {"symbols", "top", "quote", "exclude"}:
        raise _no_universe()
    return stated


def _no_universe() -> CallRefused:
    hint = 'it is {} for all of USDT, {"symbols": ["BTCUSDT"]} or {"top": 50}'
    return CallRefused(400, "CW002", "the universe is not of a known form", hint)
