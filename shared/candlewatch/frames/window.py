"""A window: the candles of one timeframe for all symbols on an unbroken grid of times.

Shapes, here and in all that takes a window: symbols first, candles last, oldest candle first.
The row of a symbol is its position in the universe. NaN means "not known": the candle is missing,
late, or lies before the symbol's first candle. A missing frame is a column of NaN, so that the grid
has no holes and candle numbers can be subtracted.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from candlewatch.timeframes import Timeframe

FIELDS: Final = ("open", "high", "low", "close", "volume", "quote_volume")


@dataclass(frozen=True)
class Window:
    """Candles of one timeframe.

    Attributes:
        timeframe: length of the candles.
        first: number of the first candle since the epoch (`Timeframe.index_of`).
        values: float64, shape (fields, symbols, candles), fields in the order of `FIELDS`.
        revisions: int64, shape (candles,): the frame's revision, 0 where the frame is missing.
    """

    timeframe: Timeframe
    first: int
    values: NDArray[np.float64]
    revisions: NDArray[np.int64]

    @property
    def symbol_count(self) -> int:
        """Number of symbols, known or not."""
        return int(self.values.shape[1])

    @property
    def candle_count(self) -> int:
        """Number of candles on the grid, known or not."""
        return int(self.values.shape[2])

    @property
    def last(self) -> int:
        """Number of the newest candle since the epoch."""
        return self.first + self.candle_count - 1

    def field(self, name: str) -> NDArray[np.float64]:
        """Return one field, shape (symbols, candles), as a view."""
        view: NDArray[np.float64] = self.values[FIELDS.index(name)]
        return view

    def until(self, last: int) -> Window:
        """Return the window cut after candle number `last`, as views."""
        count = max(0, min(self.candle_count, last - self.first + 1))
        return Window(self.timeframe, self.first, self.values[:, :, :count], self.revisions[:count])


@dataclass(frozen=True)
class Universe:
    """What is known of the symbols, by position.

    Attributes:
        names: name by position (`BTCUSDT`).
        trading: bool, shape (symbols,): the exchange trades it now.
        quote_assets: quote asset by position (`USDT`).
        quote_volumes: float64, shape (symbols,): traded in the last 24 h, in the quote asset.
    """

    names: tuple[str, ...]
    trading: NDArray[np.bool_]
    quote_assets: tuple[str, ...]
    quote_volumes: NDArray[np.float64]


@dataclass(frozen=True)
class Market:
    """All that an evaluation may look at: one window per timeframe, and the universe."""

    windows: dict[str, Window]
    universe: Universe
