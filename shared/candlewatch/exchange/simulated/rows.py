"""Candles as the exchange writes them: twelve fields, times as numbers, prices as strings.

Writing is what an answer costs, so finished rows are kept by symbol and block.

Source: Binance Spot API, REST, "Kline/Candlestick data".
"""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, Final

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

    from candlewatch.exchange.simulated.source import Source
    from candlewatch.timeframes import Timeframe

_FORM: Final = '[%d,"%.8f","%.8f","%.8f","%.8f","%.8f",%d,"%.8f",%d,"%.8f","%.8f","0"]'
_BLOCK: Final = 256
_KEPT_BLOCKS: Final = 2_400
"""Blocks of 256 rows of one symbol, about 50 kB each."""


def write_row(open_ms: int, length_ms: int, values: Sequence[float]) -> bytes:
    """Write one candle, given as its fields in the order of a frame's."""
    opens, high, low, close, volume, quote = values
    trades = int(quote // 400) + (volume > 0)
    return (
        _FORM
        % (
            *(open_ms, opens, high, low, close, volume, open_ms + length_ms - 1),
            *(quote, trades, volume * 0.5, quote * 0.5),
        )
    ).encode()


class RowWriter:
    """Writes complete candles of a source and keeps what it wrote.

    Args:
        source: of the candles.
    """

    def __init__(self, source: Source) -> None:
        self._source = source
        self._blocks: OrderedDict[tuple[int, str, int], list[bytes | None]] = OrderedDict()

    def rows(self, row: int, timeframe: Timeframe, first: int, last: int) -> list[bytes]:
        """Return the symbol's candles from number `first` to `last` that exist."""
        found: list[bytes | None] = []
        for block in range(first // _BLOCK, last // _BLOCK + 1):
            written = self._block(row, timeframe, block)
            start, end = first - block * _BLOCK, last + 1 - block * _BLOCK
            found.extend(written[max(0, start) : max(0, end)])
        return [line for line in found if line is not None]

    def _block(self, row: int, timeframe: Timeframe, block: int) -> list[bytes | None]:
        key = (row, timeframe.name, block)
        if key not in self._blocks:
            self._blocks[key] = self._written(row, timeframe, block)
            while len(self._blocks) > _KEPT_BLOCKS:
                self._blocks.popitem(last=False)
        self._blocks.move_to_end(key)
        return self._blocks[key]

    def _written(self, row: int, timeframe: Timeframe, block: int) -> list[bytes | None]:
        first = block * _BLOCK
        values = self._source.candles(timeframe, first, first + _BLOCK - 1)[:, row].T
        known = np.isfinite(values[:, 0]).tolist()
        candles = values.tolist()
        opens_ms = (np.arange(first, first + _BLOCK) * timeframe.ms + timeframe.offset_ms).tolist()
        return [
            write_row(opens_ms[i], timeframe.ms, candles[i]) if known[i] else None
            for i in range(_BLOCK)
        ]
