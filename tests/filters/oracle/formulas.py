"""Our own functions over the past, one symbol and one candle at a time.

Each takes its values oldest first: the last is that of the present candle.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from tests.filters.oracle.logic import calculate, finite, guarded

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


def known(values: Sequence[float | None]) -> list[float] | None:
    """Return the values, or None where one of them is not known."""
    found = [value for value in values if value is not None]
    return found if len(found) == len(values) else None


def highest(values: Sequence[float | None]) -> float | None:
    """Return the largest."""
    found = known(values)
    return None if found is None else max(found)


def lowest(values: Sequence[float | None]) -> float | None:
    """Return the smallest."""
    found = known(values)
    return None if found is None else min(found)


def change(values: Sequence[float | None]) -> float | None:
    """Return the newest less the oldest."""
    return calculate("-", values[-1], values[0])


def change_pct(values: Sequence[float | None]) -> float | None:
    """Return the change in percent of the oldest."""
    return calculate("/", calculate("*", 100.0, change(values)), values[0])


def zscore(values: Sequence[float | None]) -> float | None:
    """Return the distance from the mean in (population) standard deviations."""
    found = known(values)
    if found is None:
        return None
    total = 0.0
    for value in found:
        total = total + value
    mean = total / len(found)
    squares = 0.0
    for value in found:
        squares = squares + (value - mean) * (value - mean)
    if not math.isfinite(squares):
        return None
    deviation = math.sqrt(squares / len(found))
    return None if deviation == 0.0 else finite((found[-1] - mean) / deviation)


def percent_rank(values: Sequence[float | None]) -> float | None:
    """Return how many percent of the earlier ones are at most the newest."""
    found = known(values)
    if found is None:
        return None
    newest = found[-1]
    below = [value for value in found[:-1] if value <= newest]
    return 100.0 * len(below) / (len(found) - 1)


def bars_since(values: Sequence[bool | None]) -> float | None:
    """Return how many candles ago the condition was last true; None if an unknown comes first."""
    for ago, value in enumerate(reversed(values)):
        if value is None:
            return None
        if value:
            return float(ago)
    return None


def rank(own: float | None, others: Sequence[float]) -> float | None:
    """Return 1 for the highest; ties share the best rank."""
    return None if own is None else 1.0 + len([other for other in others if other > own])


def percentile(own: float | None, others: Sequence[float]) -> float | None:
    """Return the percentage of the others that lie strictly below; `others` contains one's own."""
    if own is None or len(others) < 2:
        return None
    return 100.0 * len([other for other in others if other < own]) / (len(others) - 1)


def market_mean(others: Sequence[float]) -> float | None:
    """Return the mean of the known values, from their exact sum."""
    return finite(math.fsum(others) / len(others)) if others else None


ROLLING: dict[str, Callable[[Sequence[float | None]], float | None]] = {
    "highest": highest,
    "lowest": lowest,
    "change": change,
    "change_pct": change_pct,
    "zscore": zscore,
    "percent_rank": percent_rank,
}

ELEMENTWISE: dict[str, Callable[[float], float | None]] = {
    "abs": abs,
    "sqrt": lambda x: guarded(lambda: math.sqrt(x)),
    "exp": lambda x: guarded(lambda: math.exp(x)),
    "ln": lambda x: guarded(lambda: math.log(x)),
    "log": lambda x: guarded(lambda: math.log(x)),
    "log10": lambda x: guarded(lambda: math.log10(x)),
    "floor": lambda x: float(math.floor(x)),
    "ceil": lambda x: float(math.ceil(x)),
    "sin": math.sin,
    "cos": math.cos,
    "tan": math.tan,
    "asin": lambda x: guarded(lambda: math.asin(x)),
    "acos": lambda x: guarded(lambda: math.acos(x)),
    "atan": math.atan,
    "sinh": lambda x: guarded(lambda: math.sinh(x)),
    "cosh": lambda x: guarded(lambda: math.cosh(x)),
    "tanh": math.tanh,
}
