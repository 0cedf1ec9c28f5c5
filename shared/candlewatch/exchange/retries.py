"""When to ask again: a policy is four numbers, and the time that a call has bounds them all."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from candlewatch.settings import ATTEMPTS, BACKOFF_BASE_SECONDS, BACKOFF_CAP_SECONDS, CALL_SECONDS

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass(frozen=True)
class RetryPolicy:
    """How often and how soon a call is repeated. Only reading calls are made, so any may be.

    Attributes:
        attempts: in all, the first included.
        base_seconds: upper end of the first pause.
        cap_seconds: upper end of any pause.
        call_seconds: for one attempt, from the connection to the last byte.
    """

    attempts: int = ATTEMPTS
    base_seconds: float = BACKOFF_BASE_SECONDS
    cap_seconds: float = BACKOFF_CAP_SECONDS
    call_seconds: float = CALL_SECONDS

    def pause(self, attempt: int, uniform: Callable[[float, float], float]) -> float:
        """Return the pause after attempt number `attempt` (from 1), with full jitter.

        Source: M. Brooker, "Exponential Backoff And Jitter", AWS Architecture Blog, 2015.
        """
        return uniform(0.0, min(self.cap_seconds, self.base_seconds * 2 ** (attempt - 1)))
