"""Terms that look at the last candles: arrays (rows, candles) in, the newest `need` candles out.

Sums are added oldest first, so that a value depends on its own window alone. Where the order does
not matter (extremes, any, all, counts) windows are built by doubling.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from candlewatch.filters.kernels import Array, Truth


def of_series(function: str, values: Array, candles: int, need: int) -> Array:
    """Return highest, lowest, zscore or percent_rank over the last candles.

    Args:
        function: one of the four.
        values: (rows, need + candles looked back).
        candles: length of the window.
        need: how many of the newest candles are wanted.
    """
    with np.errstate(all="ignore"):
        if function == "highest":
            highest: Array = _doubled(np.maximum, values, candles, need)
            return highest
        if function == "lowest":
            lowest: Array = _doubled(np.minimum, values, candles, need)
            return lowest
        if function == "zscore":
            return _zscore(values, candles, need)
        return _percent_rank(values, candles, need)


def of_condition(function: str, condition: Truth, candles: int, need: int) -> Truth | Array:
    """Return any, all (conditions), count or bars_since (numbers) over the last candles."""
    true, false = condition
    if function == "any":
        return (
            _doubled(np.logical_or, true, candles, need),
            _doubled(np.logical_and, false, candles, need),
        )
    if function == "all":
        return (
            _doubled(np.logical_and, true, candles, need),
            _doubled(np.logical_or, false, candles, need),
        )
    if function == "count":
        return _count(true, true | false, candles, need)
    return _bars_since(true, false, candles, need)


def _lagged(values: Any, lag: int, need: int) -> Any:
    """Return the newest `need` candles as of `lag` candles before."""
    end = values.shape[1] - lag
    return values[:, end - need : end]


def _doubled(join: Any, values: Any, candles: int, need: int) -> Any:
    """Join each window of `candles` values; the join does not mind order or repetition."""
    values = values[:, values.shape[1] - (need + candles - 1) :]
    length = 1
    while length * 2 <= candles:
        values = join(values[:, length:], values[:, :-length])
        length *= 2
    rest = candles - length
    return join(values[:, rest:], values[:, : values.shape[1] - rest]) if rest else values.copy()


def _zscore(values: Array, candles: int, need: int) -> Array:
    total = _lagged(values, candles - 1, need).copy()
    for lag in range(candles - 2, -1, -1):
        total += _lagged(values, lag, need)
    mean = total / candles
    squares = np.zeros_like(mean)
    for lag in range(candles - 1, -1, -1):
        distance = _lagged(values, lag, need) - mean
        squares += distance * distance
    deviation = np.sqrt(squares / candles)
    result: Array = (_lagged(values, 0, need) - mean) / deviation
    result[~np.isfinite(result)] = np.nan
    return result


def _percent_rank(values: Array, candles: int, need: int) -> Array:
    now = _lagged(values, 0, need)
    below = np.zeros(now.shape)
    known = ~np.isnan(now)
    for lag in range(1, candles + 1):
        then = _lagged(values, lag, need)
        below += then <= now
        known &= ~np.isnan(then)
    return np.where(known, 100.0 * below / candles, np.nan)


def _count(true: Any, known: Any, candles: int, need: int) -> Array:
    width = need + candles - 1
    true, known = true[:, true.shape[1] - width :], known[:, known.shape[1] - width :]
    sums = []
    for bits in (true, known):
        total = np.zeros((bits.shape[0], width + 1), np.int64)
        np.cumsum(bits, axis=1, out=total[:, 1:])
        sums.append(total[:, candles:] - total[:, :-candles])
    return np.where(sums[1] == candles, sums[0].astype(np.float64), np.nan)


def _bars_since(true: Any, false: Any, candles: int, need: int) -> Array:
    result = np.full((true.shape[0], need), np.nan)
    searching = np.ones(result.shape, np.bool_)
    for lag in range(candles + 1):
        result[searching & _lagged(true, lag, need)] = lag
        searching &= _lagged(false, lag, need)
        if not searching.any():
            break
    return result
