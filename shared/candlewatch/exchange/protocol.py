"""What an exchange must be able to tell. A second exchange is one file that does the same.

Candles as arrays: oldest first; `values` has the fields of a frame in their order. Which candles
are closed is decided here, by times alone: never by the position in an answer.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

from candlewatch.settings import CLOSE_MARGIN_MS, JUMP_LIMIT
from candlewatch.timeframes import to_ms

if TYPE_CHECKING:
    from datetime import datetime

    from numpy.typing import NDArray

    from candlewatch.timeframes import Timeframe


@dataclass(frozen=True)
class Listing:
    """A symbol as the exchange lists it.

    Attributes:
        symbol: its name, for instance `BTCUSDT`.
        base_asset: what is traded.
        quote_asset: what it is paid with.
        trading: whether it can be traded now.
    """

    symbol: str
    base_asset: str
    quote_asset: str
    trading: bool


@dataclass(frozen=True)
class Candles:
    """Validated candles of one symbol, strictly increasing in time; the newest may still be open.

    Attributes:
        numbers: int64, shape (candles,): number of each candle since the epoch.
        values: float64, shape (fields, candles), fields in the order of a frame's; all finite.
    """

    numbers: NDArray[np.int64]
    values: NDArray[np.float64]


class Exchange(Protocol):
    """Market data of one exchange; safe to call from several threads.

    Every method takes the seconds that it may need, attempts and pauses included, and raises an
    `ExchangeError` when it has no answer by then.
    """

    def time(self, seconds: float) -> datetime:
        """Return the exchange's clock."""

    def listings(self, seconds: float) -> tuple[Listing, ...]:
        """Return all symbols that can be or could be traded."""

    def quote_volumes(self, seconds: float) -> dict[str, float]:
        """Return what was traded in 24 hours, in the quote asset, by symbol."""

    def candles(
        self,
        symbol: str,
        timeframe: Timeframe,
        first: int,
        last: int,
        seconds: float,
        *,
        history: bool = False,
    ) -> Candles:
        """Return the candles from number `first` to `last` that exist.

        `history` can wait: a share of what may be asked in a minute is left to closes.
        """


def last_closed(timeframe: Timeframe, exchange_time: datetime) -> int:
    """Return the number of the newest candle that is closed for certain.

    Args:
        timeframe: of the candles.
        exchange_time: the exchange's clock, read before the candles were asked for.
    """
    safe_ms = to_ms(exchange_time) - CLOSE_MARGIN_MS
    return (safe_ms - timeframe.offset_ms) // timeframe.ms - 1


def jumps(closes: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Tell from which candle to the next the close changes more than any market does.

    Args:
        closes: last axis is time, oldest first; NaN where not known.

    Returns:
        One shorter than the closes; a close that is not known is passed over.
    """
    known = np.isfinite(closes)
    last = np.maximum.accumulate(np.where(known, np.arange(closes.shape[-1]), 0), axis=-1)
    before = np.take_along_axis(closes, last, axis=-1)[..., :-1]
    ratio = closes[..., 1:] / before
    far: NDArray[np.bool_] = (ratio > JUMP_LIMIT) | (ratio < 1 / JUMP_LIMIT)
    return far


def closed(candles: Candles, timeframe: Timeframe, exchange_time: datetime) -> Candles:
    """Return the candles that are closed for certain, whatever their place in the answer."""
    kept = candles.numbers <= last_closed(timeframe, exchange_time)
    return Candles(candles.numbers[kept], candles.values[:, kept])
