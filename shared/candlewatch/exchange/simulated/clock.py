"""The market's clock: any start, any speed, and hands that stop.

Market time is `market + (wall - anchor) * speed`. The anchor is told to whoever asks, so that the
database's market clock can be set to run with it.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import timedelta
from threading import Lock
from typing import TYPE_CHECKING

from candlewatch.timeframes import from_ms, to_ms

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime


@dataclass(frozen=True)
class Anchor:
    """One instant on both clocks, and how fast the market's runs from there; 0 while it is held."""

    market: datetime
    wall: datetime
    speed: float


class MarketClock:
    """A clock that can be held, released, stepped and set.

    Args:
        start: market time now; the wall's time where left out.
        speed: market seconds per second.
        wall: seconds since the epoch.
    """

    def __init__(
        self,
        start: datetime | None = None,
        speed: float = 1.0,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self._wall = wall
        self._lock = Lock()
        self._speed = speed
        self._running = True
        self._wall_ms = wall() * 1000
        self._market_ms = self._wall_ms if start is None else float(to_ms(start))

    def now_ms(self) -> int:
        """Market time in milliseconds."""
        with self._lock:
            return int(self._now())

    def now(self) -> datetime:
        """Market time."""
        return from_ms(self.now_ms())

    def anchor(self) -> Anchor:
        """Return the line on which the clock runs."""
        with self._lock:
            speed = self._speed if self._running else 0.0
            return Anchor(_exactly(self._market_ms), _exactly(self._wall_ms), speed)

    def hold(self) -> None:
        """Stop the hands."""
        self._set(running=False)

    def release(self) -> None:
        """Let the hands run again from where they stand."""
        self._set(running=True)

    def step(self, seconds: float) -> None:
        """Move the hands by some seconds, at once."""
        self._set(ahead_ms=seconds * 1000)

    def move_to(self, moment: datetime) -> None:
        """Put the hands to a time."""
        with self._lock:
            self._wall_ms, self._market_ms = self._wall() * 1000, float(to_ms(moment))

    def _set(self, *, running: bool | None = None, ahead_ms: float = 0.0) -> None:
        with self._lock:
            self._market_ms = self._now() + ahead_ms
            self._wall_ms = self._wall() * 1000
            self._running = self._running if running is None else running

    def _now(self) -> float:
        passed = (self._wall() * 1000 - self._wall_ms) * self._speed if self._running else 0.0
        return self._market_ms + passed


def _exactly(ms: float) -> datetime:
    return from_ms(0) + timedelta(milliseconds=ms)
