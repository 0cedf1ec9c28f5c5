"""A tape: candles in plain Python lists, by timeframe and symbol, as the oracle reads them.

A candle that is not known is None; a field that is not known is None. `to_market` gives the same
candles to the engine as arrays, so that both sides read one and the same history.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from candlewatch.frames.window import Market, Universe, Window
from candlewatch.timeframes import TIMEFRAMES, Timeframe, to_ms


class Candle(NamedTuple):
    """One known candle of one symbol."""

    open: float
    high: float
    low: float
    close: float
    volume: float
    quote_volume: float | None


@dataclass(frozen=True)
class Symbol:
    """What is known of a symbol now."""

    name: str
    quote_asset: str
    trading: bool


@dataclass(frozen=True)
class Strip:
    """The candles of one timeframe: `candles[symbol][number - first]`, oldest first."""

    timeframe: Timeframe
    first: int
    candles: tuple[tuple[Candle | None, ...], ...]

    @property
    def last(self) -> int:
        """Number of the newest candle."""
        return self.first + len(self.candles[0]) - 1

    def candle(self, symbol: int, number: int) -> Candle | None:
        """Return one candle; None where it is not known or outside of the strip."""
        row = self.candles[symbol]
        place = number - self.first
        return row[place] if 0 <= place < len(row) else None


@dataclass(frozen=True)
class Tape:
    """All that a filter may look at, and the candles at which it is asked."""

    symbols: tuple[Symbol, ...]
    strips: dict[str, Strip]
    base: Timeframe
    asked_first: int
    asked_last: int

    def position(self, name: str) -> int | None:
        """Return the position of a symbol by its name."""
        names = [symbol.name for symbol in self.symbols]
        return names.index(name) if name in names else None


def last_closed(base: Timeframe, number: int, longer: Timeframe) -> int:
    """Number of the last candle of `longer` that is closed when base candle `number` closes."""
    closes = to_ms(base.open_of(number)) + base.ms
    return (closes - longer.offset_ms) // longer.ms - 1


def to_market(tape: Tape, until: int | None = None) -> Market:
    """Give the tape as arrays; with `until`, only what has closed when that base candle closes."""
    windows = {}
    for name, strip in tape.strips.items():
        stop = strip.last
        if until is not None:
            stop = min(stop, last_closed(tape.base, until, TIMEFRAMES[name]))
        windows[name] = _window(strip, stop - strip.first + 1)
    universe = Universe(
        names=tuple(symbol.name for symbol in tape.symbols),
        trading=np.array([symbol.trading for symbol in tape.symbols]),
        quote_assets=tuple(symbol.quote_asset for symbol in tape.symbols),
        quote_volumes=np.arange(len(tape.symbols), dtype=np.float64),
    )
    return Market(windows=windows, universe=universe)


def _window(strip: Strip, count: int) -> Window:
    values = np.full((6, len(strip.candles), count), np.nan)
    for row, candles in enumerate(strip.candles):
        for column, candle in enumerate(candles[:count]):
            if candle is not None:
                values[:, row, column] = [np.nan if field is None else field for field in candle]
    return Window(strip.timeframe, strip.first, values, np.ones(count, dtype=np.int64))
