"""Timeframes: UTC epoch arithmetic, never a calendar library and never local time.

A candle is named by its open time and is usable from its close time on. All boundaries are
multiples of the length since the epoch, but for weeks, which start on Monday (the epoch was a
Thursday).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

_MINUTE: Final = 60_000
_MONDAY: Final = 4 * 24 * 60 * _MINUTE
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, order=True)
class Timeframe:
    """A candle's length.

    Attributes:
        ms: length in milliseconds (first, so that timeframes sort by length).
        name: the exchange's name, for instance `4h`.
        offset_ms: where the first boundary after the epoch lies, in milliseconds.
    """

    ms: int
    name: str
    offset_ms: int = 0

    @property
    def length(self) -> timedelta:
        """The length of one candle."""
        return timedelta(milliseconds=self.ms)

    def index_of(self, moment: datetime) -> int:
        """Number of the candle that contains `moment`, counted from the epoch."""
        return (to_ms(moment) - self.offset_ms) // self.ms

    def open_of(self, index: int) -> datetime:
        """Open time of candle number `index`."""
        return from_ms(index * self.ms + self.offset_ms)

    def floor(self, moment: datetime) -> datetime:
        """Open time of the candle that contains `moment`."""
        return self.open_of(self.index_of(moment))

    def last_closed(self, moment: datetime) -> datetime:
        """Open time of the newest candle that is closed at `moment` (closing then counts)."""
        return self.open_of(self.index_of(moment) - 1)

    def closes_at(self, moment: datetime) -> bool:
        """Whether a candle of this timeframe closes exactly at `moment`."""
        return (to_ms(moment) - self.offset_ms) % self.ms == 0

    def __str__(self) -> str:
        return self.name


TIMEFRAMES: Final[dict[str, Timeframe]] = {
    timeframe.name: timeframe
    for timeframe in (
        Timeframe(_MINUTE, "1m"),
        Timeframe(5 * _MINUTE, "5m"),
        Timeframe(15 * _MINUTE, "15m"),
        Timeframe(30 * _MINUTE, "30m"),
        Timeframe(60 * _MINUTE, "1h"),
        Timeframe(4 * 60 * _MINUTE, "4h"),
        Timeframe(24 * 60 * _MINUTE, "1d"),
        Timeframe(7 * 24 * 60 * _MINUTE, "1w", _MONDAY),
    )
}


def timeframe_named(name: str) -> Timeframe:
    """Return the timeframe of that name.

    Raises:
        ValueError: there is none; the message lists those that exist.
    """
    try:
        return TIMEFRAMES[name]
    except KeyError:
        known = ", ".join(TIMEFRAMES)
        raise ValueError(f"timeframe must be one of {known}, got {name!r}") from None


def to_ms(moment: datetime) -> int:
    """Milliseconds since the epoch of an aware time, exactly.

    Raises:
        ValueError: the time is naive.
    """
    if moment.tzinfo is None:
        raise ValueError(f"time must be aware (UTC), got naive {moment.isoformat()}")
    return (moment - _EPOCH) // timedelta(milliseconds=1)


def from_ms(ms: int) -> datetime:
    """Aware UTC time of milliseconds since the epoch, exactly."""
    return _EPOCH + timedelta(milliseconds=ms)
