"""How long a run may still work: the host's limit, a margin to finish in, and a request to stop."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass
class Stop:
    """A flag that a signal handler may set at any instant: unlike an event it has no lock."""

    asked: bool = False

    def set(self) -> None:
        """Ask to stop."""
        self.asked = True

    def is_set(self) -> bool:
        """Whether somebody asked to stop."""
        return self.asked

    def pause(self, seconds: float) -> None:
        """Wait; kept short by callers, since nothing cuts it short."""
        time.sleep(seconds)


@dataclass(frozen=True)
class Deadline:
    """The end of a run on the monotonic clock.

    Attributes:
        ends_at: reading of `clock` at which the run must have answered.
        clock: monotonic seconds.
        stopping: set when the host asks to stop (SIGTERM); nothing is claimed after that.
    """

    ends_at: float
    clock: Callable[[], float] = time.monotonic
    stopping: Stop = field(default_factory=Stop)

    @classmethod
    def in_seconds(cls, seconds: float, clock: Callable[[], float] = time.monotonic) -> Deadline:
        """Return the deadline that lies `seconds` ahead."""
        return cls(clock() + seconds, clock)

    def left(self) -> float:
        """Seconds that are left, 0 once the host asked to stop."""
        return 0.0 if self.stopping.is_set() else self.ends_at - self.clock()
