"""Our own indicators that carry a state: SuperTrend and the session VWAP, candle by candle."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import talib
from tests.filters.oracle.logic import calculate

if TYPE_CHECKING:
    from tests.filters.oracle.interpreter import Oracle
    from tests.filters.oracle.place import Point

DAY_MS = 86_400_000


def vwap(oracle: Oracle, point: Point) -> float | None:
    """Return the mean of hlc3 by volume since the first candle of the UTC day."""
    if oracle.candle(point) is None:
        return None
    candles_per_day = DAY_MS // point.length.ms
    first = point.number // candles_per_day * candles_per_day
    paid = traded = 0.0
    for each in range(first, point.number + 1):
        candle = oracle.candle(point._replace(number=each))
        if candle is not None:
            paid += (candle.high + candle.low + candle.close) / 3.0 * candle.volume
            traded += candle.volume
    return calculate("/", paid, traded)


def supertrend(
    columns: list[list[float]], arguments: tuple[float, ...]
) -> list[list[float | None]]:
    """Return the line and the direction (1 up, -1 down), from the first known ATR on.

    The upper band only falls and the lower band only rises while the close before stays on the same
    side of it. The line starts as the lower band (up), as TA-Lib
    """
    period, multiplier = int(arguments[0]), arguments[1]
    highs, lows, closes = columns
    ranges = talib.ATR(np.array(highs), np.array(lows), np.array(closes), period).tolist()
    line: list[float | None] = []
    direction: list[float | None] = []
    upper = lower = 0.0
    up: bool | None = None
    for index, width in enumerate(ranges):
        if width != width:  # noqa: PLR0124 (NaN: before the lookback)
            line.append(None)
            direction.append(None)
            continue
        middle = (highs[index] + lows[index]) / 2.0
        top, bottom = middle + multiplier * width, middle - multiplier * width
        before = closes[index - 1]
        first = up is None
        upper = top if first or top < upper or before > upper else upper
        lower = bottom if first or bottom > lower or before < lower else lower
        up = True if first else closes[index] >= lower if up else closes[index] > upper
        line.append(lower if up else upper)
        direction.append(1.0 if up else -1.0)
    return [line, direction]
