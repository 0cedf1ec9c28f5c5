"""Windows of candles that obey the rules of candles, by a seed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from candlewatch.frames.window import Window
from candlewatch.timeframes import TIMEFRAMES

if TYPE_CHECKING:
    from numpy.typing import NDArray


def make_values(
    symbols: int = 3, candles: int = 12, *, seed: int = 1, quiet: float = 0.0
) -> NDArray[np.float64]:
    """Return values, shape (fields, symbols, candles); `quiet` is the share of zero volumes."""
    chance = np.random.default_rng(seed)
    closes = np.round(np.exp(np.cumsum(chance.normal(0, 0.01, (symbols, candles)), axis=1)) * 50, 2)
    opens = np.round(closes * np.exp(chance.normal(0, 0.004, closes.shape)), 2)
    highs = np.round(np.maximum(opens, closes) + chance.integers(0, 30, closes.shape) / 100, 2)
    lows = np.round(np.minimum(opens, closes) - chance.integers(0, 30, closes.shape) / 100, 2)
    volumes = chance.integers(1, 10**8, closes.shape) / 1e5
    flat = np.less(chance.random(closes.shape), quiet)
    previous = np.concatenate([closes[:, :1], closes[:, :-1]], axis=1)
    values = np.stack([opens, highs, lows, closes, volumes, volumes * 2])
    for column in range(candles):
        rows = flat[:, column]
        before = values[3, :, column - 1] if column else previous[:, 0]
        values[:4, rows, column] = before[rows]
        values[4:, rows, column] = 0.0
    return values


def make_window(
    timeframe: str = "5m",
    symbols: int = 3,
    candles: int = 12,
    *,
    first: int = 5_908_704,
    seed: int = 1,
    quiet: float = 0.0,
) -> Window:
    """Return a window without holes, every frame in its first revision."""
    values = make_values(symbols, candles, seed=seed, quiet=quiet)
    return Window(TIMEFRAMES[timeframe], first, values, np.ones(candles, np.int64))
