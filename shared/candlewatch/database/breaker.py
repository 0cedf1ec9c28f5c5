"""A breaker: after several failures in a row nobody calls for a while, then one call probes."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from threading import Lock
from typing import TYPE_CHECKING

from candlewatch.errors import DatabaseUnavailable
from candlewatch.settings import BREAKER_FAILURES, BREAKER_SECONDS

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass
class Breaker:
    """Shed load while the other side is gone.

    Attributes:
        failures_limit: failures in a row that open it.
        seconds: how long it stays open before one call may probe.
        clock: monotonic seconds.
    """

    failures_limit: int = BREAKER_FAILURES
    seconds: float = BREAKER_SECONDS
    clock: Callable[[], float] = time.monotonic
    _failures: int = 0
    _opens_at: float = 0.0
    _lock: Lock = field(default_factory=Lock)

    def enter(self) -> None:
        """Pass, as the one probe if the breaker was open long enough.

        Raises:
            DatabaseUnavailable: the breaker is open; `retry_after` says for how long.
        """
        with self._lock:
            if self._failures < self.failures_limit:
                return
            wait = self._opens_at - self.clock()
            if wait > 0:
                message = f"the database did not answer {self._failures} times in a row"
                raise DatabaseUnavailable(message, retry_after=wait)
            # This call is the probe; the others wait for what it finds.
            self._opens_at = self.clock() + self.seconds

    def failed(self) -> None:
        """Take note of a call without a usable answer."""
        with self._lock:
            self._failures += 1
            self._opens_at = self.clock() + self.seconds

    def answered(self) -> None:
        """Take note of an answer, a refusal included: the other side is there."""
        with self._lock:
            self._failures = 0
