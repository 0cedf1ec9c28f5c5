"""Replay: one filter over history, from the same terms and functions as live.

A chunk of candles is computed at a time. Indicators whose level counts from the newest candle's
block (running totals) must see the same newest block as they did live, so chunks end where such a
block does.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from candlewatch.filters.graph import reachable
from candlewatch.filters.history import Epoch
from candlewatch.settings import REPLAY_CANDLES
from candlewatch.timeframes import TIMEFRAMES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from numpy.typing import NDArray

    from candlewatch.filters.compilation import Filter
    from candlewatch.frames.window import Market
    from candlewatch.indicators.indicator import Bound
    from candlewatch.timeframes import Timeframe


def replay(
    replayed: Filter,
    market: Market,
    first: int,
    last: int,
    advance: Callable[[int], None] | None = None,
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Evaluate a filter on candles `first` to `last`, each as if it were the newest.

    Args:
        replayed: the filter.
        market: windows that reach back from `first` as far as the filter needs; where they do not,
            the filter is unknown.
        first: number of the first candle of the filter's timeframe.
        last: number of the last.
        advance: told after each chunk how many candles it had.

    Returns:
        Where it is true and where it is unknown, each of shape (symbols, candles).
    """
    shape = (len(market.universe.names), max(0, last - first + 1))
    true, unknown = np.zeros(shape, np.bool_), np.ones(shape, np.bool_)
    for low, high in _chunks(replayed, first, last):
        need = high - low + 1
        epoch = Epoch(market, replayed.timeframe, high)
        known = epoch.known(need)
        result: Any = epoch.evaluate({replayed.root: need})[replayed.root]
        span = slice(low - first, high - first + 1)
        true[:, span] = result[0] & known
        unknown[:, span] = ~((result[0] | result[1]) & known)
        if advance is not None:
            advance(need)
    return true, unknown


def _chunks(replayed: Filter, first: int, last: int) -> Iterator[tuple[int, int]]:
    """Yield first and last candle of each chunk."""
    anchors = [
        (TIMEFRAMES[node.timeframe], _block(node.value))
        for node in reachable((replayed.root,))
        if node.kind == "indicator" and node.value.anchored
    ]
    low = first
    while low <= last:
        high = min(last, low + REPLAY_CANDLES - 1)
        for timeframe, block in anchors:
            high = min(high, _last_of_block(replayed.timeframe, timeframe, block, low))
        yield low, high
        low = high + 1


def _block(bound: Bound | Any) -> int:
    return int(bound.block)


def _last_of_block(base: Timeframe, long: Timeframe, block: int, number: int) -> int:
    """Return the last base candle that sees the same block of long candles as `number`."""
    closes_ms = (number + 1) * base.ms + base.offset_ms
    seen = (closes_ms - long.offset_ms) // long.ms - 1
    following = (seen // block + 1) * block
    closes_then = (following + 1) * long.ms + long.offset_ms
    return -((base.offset_ms - closes_then) // base.ms) - 2
