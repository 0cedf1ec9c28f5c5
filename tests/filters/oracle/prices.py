"""The series that need no call: prices, their means, and the time of a candle's opening in UTC."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.filters.oracle.tape import Candle

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from tests.filters.oracle.place import Point

TIMES: dict[str, Callable[[datetime], int]] = {
    "hour": lambda moment: moment.hour,
    "minute": lambda moment: moment.minute,
    "weekday": lambda moment: moment.weekday(),
    "day": lambda moment: moment.day,
    "month": lambda moment: moment.month,
}
MEANS: dict[str, Callable[[Candle], float]] = {
    "hl2": lambda candle: (candle.high + candle.low) / 2.0,
    "hlc3": lambda candle: (candle.high + candle.low + candle.close) / 3.0,
    "ohlc4": lambda candle: (candle.open + candle.high + candle.low + candle.close) / 4.0,
}
FIELDS = Candle._fields


def price(name: str, candle: Candle | None, point: Point) -> float | None:
    """Return a series by its name; the time is known on every candle, even on a missing one."""
    if name in TIMES:
        return float(TIMES[name](point.length.open_of(point.number)))
    if candle is None:
        return None
    if name in MEANS:
        return MEANS[name](candle)
    return candle[FIELDS.index(name)]
