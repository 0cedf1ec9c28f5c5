"""A market from a candle file: its symbols and candles, and longer timeframes derived from them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from candlewatch.exchange.simulated.source import Symbol, joined
from candlewatch.frames.derive import derive, first_part, parts_of
from candlewatch.frames.window import FIELDS, Window

if TYPE_CHECKING:
    from datetime import datetime

    from numpy.typing import NDArray

    from candlewatch.frames.files import CandleFile
    from candlewatch.timeframes import Timeframe

_QUOTES: Final = ("USDT", "FDUSD", "USDC", "BUSD", "TUSD", "BTC", "ETH", "BNB", "EUR", "TRY")

_HISTORY: Final = 500


class ReplayedMarket:
    """A `Source`; not safe for several threads.

    A long candle of which the file has only a part, at its ends or in a gap, is made of that part,
    as the exchange does for a symbol that was listed in the middle of one.

    Args:
        candles: of the file.
    """

    def __init__(self, candles: CandleFile) -> None:
        self._file = candles.window
        self._windows = {candles.window.timeframe.name: candles.window}
        self._symbols = tuple(_symbol(name) for name in candles.symbols)

    @property
    def symbols(self) -> tuple[Symbol, ...]:
        """All symbols, by row."""
        return self._symbols

    @property
    def shortest(self) -> Timeframe:
        """The timeframe of the file."""
        return self._file.timeframe

    @property
    def starts_at(self) -> datetime:
        """Open time of the file's first candle."""
        return self._file.timeframe.open_of(self._file.first)

    @property
    def ends_at(self) -> datetime:
        """Close time of the file's last candle."""
        return self._file.timeframe.open_of(self._file.last + 1)

    @property
    def default_start(self) -> datetime:
        """A market time that leaves history before it: after 500 candles, or half of the file."""
        history = min(_HISTORY, self._file.candle_count // 2)
        return self._file.timeframe.open_of(self._file.first + history)

    def candles(self, timeframe: Timeframe, first: int, last: int) -> NDArray[np.float64]:
        """Return candles of all symbols, shape (fields, symbols, candles), NaN for none."""
        window = self._window(timeframe)
        values = np.full((len(FIELDS), len(self._symbols), last - first + 1), np.nan)
        start, end = max(first, window.first), min(last, window.last)
        if end >= start:
            values[:, :, start - first : end + 1 - first] = window.values[
                :, :, start - window.first : end + 1 - window.first
            ]
        return values

    def listed_ms(self, row: int) -> int:
        """Return the open time of the symbol's first candle in the file."""
        first = int(np.argmax(np.isfinite(self._file.values[0, row]))) + self._file.first
        return first * self._file.timeframe.ms + self._file.timeframe.offset_ms

    def _window(self, timeframe: Timeframe) -> Window:
        if timeframe.name not in self._windows:
            whole = derive(self._widened(timeframe), timeframe)
            self._windows[timeframe.name] = self._mended(whole)
        return self._windows[timeframe.name]

    def _widened(self, long: Timeframe) -> Window:
        """Return the file's window, widened by NaN to whole long candles."""
        short, window = self._file.timeframe, self._file
        parts, start = parts_of(long, short), first_part(long, short, 0)
        before = (window.first - start) % parts
        after = -(before + window.candle_count) % parts
        values = np.pad(window.values, ((0, 0), (0, 0), (before, after)), constant_values=np.nan)
        return Window(
            short, window.first - before, values, np.pad(window.revisions, (before, after))
        )

    def _mended(self, whole: Window) -> Window:
        """Fill in the long candles that lack a part."""
        short, long = self._file.timeframe, whole.timeframe
        parts = parts_of(long, short)
        for row, column in zip(*np.nonzero(np.isnan(whole.values[0])), strict=True):
            first = first_part(long, short, whole.first + int(column)) - self._file.first
            candle = joined(self._file.values[:, row, max(0, first) : max(0, first + parts)])
            if candle is not None:
                whole.values[:, row, column] = candle
        return whole


def _symbol(name: str) -> Symbol:
    quote = next((quote for quote in _QUOTES if name.endswith(quote) and name != quote), "USDT")
    return Symbol(name, name.removesuffix(quote) or name, quote, 8, 8)
