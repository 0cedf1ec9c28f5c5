"""Markets that are made: random walks, some short, gapped or dead, on several timeframes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from candlewatch.frames.window import Market, Universe, Window
from candlewatch.timeframes import TIMEFRAMES

if TYPE_CHECKING:
    from collections.abc import Sequence

NUMBER = 5_700_000
"""The newest 5m candle: some moment in 2024."""


def make_market(
    symbols: int = 20,
    candles: int = 600,
    timeframes: Sequence[str] = ("5m", "1h", "4h"),
    *,
    seed: int = 0,
    broken: bool = False,
    later: int = 0,
) -> tuple[Market, int]:
    """Return a market and the number of its newest candle of the first timeframe.

    Args:
        symbols: how many; the first is BTCUSDT.
        candles: of every timeframe.
        timeframes: the first is the base.
        seed: of the random walk.
        broken: some symbols begin late, have gaps, or no candles at all.
        later: candles that the base window has beyond the newest.
    """
    random = np.random.default_rng(seed)
    base = TIMEFRAMES[timeframes[0]]
    number = NUMBER * TIMEFRAMES["5m"].ms // base.ms
    closes_ms = (number + later + 1) * base.ms + base.offset_ms
    windows = {}
    for name in timeframes:
        timeframe = TIMEFRAMES[name]
        last = (closes_ms - timeframe.offset_ms) // timeframe.ms - 1
        values = _walk(random, symbols, candles)
        if broken:
            _break(random, values)
        windows[name] = Window(timeframe, last - candles + 1, values, np.ones(candles, np.int64))
    names = ("BTCUSDT", *(f"S{place}USDT" for place in range(1, symbols)))
    universe = Universe(names, np.ones(symbols, np.bool_), ("USDT",) * symbols, np.ones(symbols))
    return Market(windows, universe), number


def _walk(random: np.random.Generator, symbols: int, candles: int) -> np.ndarray:
    """Return the six fields of prices that walk at random."""
    close = 100 * np.exp(np.cumsum(random.normal(0, 0.004, (symbols, candles)), axis=1))
    close = np.round(close, 4)
    opens = np.concatenate([close[:, :1], close[:, :-1]], axis=1)
    spread = np.round(np.abs(random.normal(0, 0.2, close.shape)), 4)
    high, low = np.maximum(opens, close) + spread, np.minimum(opens, close) - spread
    volume = np.round(random.gamma(1.5, 50, close.shape), 3)
    return np.stack([opens, high, low, close, volume, np.round(volume * close, 8)])


def _break(random: np.random.Generator, values: np.ndarray) -> None:
    """Make every fourth symbol short, gapped or dead, in place."""
    symbols, candles = values.shape[1:]
    for place in range(1, symbols, 2):
        kind = place // 2 % 4
        if kind == 0:
            values[:, place, : random.integers(1, candles)] = np.nan
        elif kind == 1:
            values[:, place, random.random(candles) < 0.05] = np.nan
        elif kind == 2:
            start = random.integers(0, candles - 30)
            values[:, place, start : start + 25] = np.nan
        else:
            values[:, place] = np.nan
