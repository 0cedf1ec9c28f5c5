"""Where the simulated exchange takes its candles from: any source of complete candles, by number.

What the clock hides is not the source's business: a source answers for the future as well.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

from candlewatch.frames.derive import rounded
from candlewatch.timeframes import TIMEFRAMES

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from candlewatch.timeframes import Timeframe


@dataclass(frozen=True)
class Symbol:
    """A symbol of the simulated exchange.

    Attributes:
        name: for instance `BTCUSDT`.
        base_asset: what is traded.
        quote_asset: what it is paid with.
        price_decimals: of a price's smallest step.
        lot_decimals: of a quantity's smallest step.
    """

    name: str
    base_asset: str
    quote_asset: str
    price_decimals: int
    lot_decimals: int


class Source(Protocol):
    """Complete candles of all symbols."""

    @property
    def symbols(self) -> tuple[Symbol, ...]:
        """All symbols, by row."""

    @property
    def shortest(self) -> Timeframe:
        """The shortest timeframe that there is."""

    def candles(self, timeframe: Timeframe, first: int, last: int) -> NDArray[np.float64]:
        """Return candles `first` to `last` of all symbols, shape (fields, symbols, candles).

        NaN where a symbol has none, before its listing for instance.
        """

    def listed_ms(self, row: int) -> int:
        """Return a time before which the symbol has no candle."""


def forming(
    source: Source, row: int, timeframe: Timeframe, now_ms: int
) -> NDArray[np.float64] | None:
    """Return a symbol's candle as it stands now, shape (fields,), or nothing where it has none.

    It is made of the longest complete candles since its open, and of a part of the shortest.
    """
    opens_ms = (now_ms - timeframe.offset_ms) // timeframe.ms * timeframe.ms + timeframe.offset_ms
    parts = []
    shorter = [item for item in TIMEFRAMES.values() if source.shortest <= item < timeframe]
    for length in reversed(shorter):
        first = (opens_ms - length.offset_ms) // length.ms
        last = (now_ms - length.offset_ms) // length.ms - 1
        if last >= first:
            parts.append(source.candles(length, first, last)[:, row])
            opens_ms += (last - first + 1) * length.ms
    number = (now_ms - source.shortest.offset_ms) // source.shortest.ms
    whole = source.candles(source.shortest, number, number)[:, row]
    parts.append(begun(whole, (now_ms % source.shortest.ms) / source.shortest.ms))
    return joined(np.concatenate(parts, axis=1))


def begun(candle: NDArray[np.float64], share: float) -> NDArray[np.float64]:
    """Return the first share of a candle, shape (fields, 1); extremes come in its second half."""
    opens, highs, lows, closes = candle[:4]
    now = opens + (closes - opens) * share
    reach = np.maximum(0.0, 2 * share - 1)
    high = np.maximum(opens, now) + (highs - np.maximum(opens, closes)) * reach
    low = np.minimum(opens, now) - (np.minimum(opens, closes) - lows) * reach
    return np.stack([opens, high, low, now, candle[4] * share, candle[5] * share])


def joined(parts: NDArray[np.float64]) -> NDArray[np.float64] | None:
    """Join a symbol's consecutive candles, shape (fields, parts), but for those that it lacks."""
    known = parts[:, np.isfinite(parts[0])]
    if not known.shape[1]:
        return None
    traded = known[:, known[4] > 0]
    if not traded.shape[1]:
        close = known[3, -1]
        return np.array([close, close, close, close, 0.0, 0.0])
    sums = rounded(known[4:].sum(axis=1))
    extremes = [traded[0, 0], traded[1].max(), traded[2].min(), known[3, -1]]
    return np.array([*extremes, *sums])
