"""Single terms over the newest candles, and cutting candles out of results."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import numpy as np

from candlewatch.filters import kernels

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from candlewatch.filters.graph import Node
    from candlewatch.filters.kernels import Array
    from candlewatch.timeframes import Timeframe

Result = Any
"""Numbers: one array. A condition: two, where true and where false. An indicator: one per output.
Which of them it is, is told by the node that it belongs to."""

_DAY_MS: Final = 86_400_000

_ELEMENTWISE: Final[dict[str, Callable[..., Result]]] = {
    "number": lambda value: np.full((1, 1), value),
    "truth": lambda value: (np.full((1, 1), value == "True"), np.full((1, 1), value != "True")),
    "arithmetic": kernels.arithmetic,
    "unary": kernels.unary,
    "power": lambda exponent, values: kernels.power(values, exponent),
    "where": lambda _, *given: kernels.where(*given),
    "choose": lambda _, *given: kernels.choose(*given),
    "less": lambda _, *given: kernels.less(*given),
    "equal": lambda _, *given: kernels.equal(*given),
    "and": lambda _, *given: kernels.both(*given),
    "not": lambda _, condition: (condition[1], condition[0]),
    "number_of": lambda _, condition: kernels.number_of(condition),
}


def elementwise(node: Node, inputs: Sequence[Result]) -> Result:
    """Return a term that looks at one candle and one symbol at a time."""
    return _ELEMENTWISE[node.kind](node.value, *inputs)


def time_of(name: str, timeframe: Timeframe, last: int, need: int) -> Array:
    """Return a part of the open times (UTC) of the candles up to number `last`, as one row."""
    opens = np.arange(last - need + 1, last + 1) * timeframe.ms + timeframe.offset_ms
    days = (opens // _DAY_MS).astype("datetime64[D]")
    months = days.astype("datetime64[M]")
    match name:
        case "minute":
            parts = opens // 60_000 % 60
        case "hour":
            parts = opens // 3_600_000 % 24
        case "weekday":
            # The epoch was a Thursday.
            parts = (opens // _DAY_MS + 3) % 7
        case "day":
            parts = (days - months).astype(np.int64) + 1
        case _:
            parts = months.astype(np.int64) % 12 + 1
    return parts.astype(np.float64)[None, :]


def row_of(place: int | None, values: Array) -> Array:
    """Return one symbol's row as the only one; unknown where there is no such symbol."""
    if place is None:
        return np.full((1, values.shape[1]), np.nan)
    return values if len(values) == 1 else values[place : place + 1]


def newest(values: Result, need: int) -> Result:
    """Return the newest candles; what is the same on every candle has but one."""
    if isinstance(values, tuple):
        return tuple(newest(part, need) for part in values)
    return values[:, max(values.shape[1] - need, 0) :]


def before(values: Result, lag: int, need: int) -> Result:
    """Return the newest candles as of `lag` candles before."""
    if isinstance(values, tuple):
        return tuple(before(part, lag, need) for part in values)
    end = values.shape[1] - lag
    return values[:, end - need : end]


def columns(values: Result, chosen: NDArray[np.int64]) -> Result:
    """Return chosen candles."""
    if isinstance(values, tuple):
        return tuple(columns(part, chosen) for part in values)
    return values[:, chosen]
