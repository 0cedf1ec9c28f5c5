"""The exchange's patience, shared by all functions: weight per minute, refusals, and one probe.

    1. `Permits.take`     before every call: from a small reservation, or a new one
    2. `Budget.reserve`   adds to the minute's weight, or says how long to wait and why
    3. `Permits.learn`    after every call: what the exchange itself has counted
    4. `Budget.report`    a refusal closes the source for everybody; after its end one call probes

The real budget is a row in the database, `DatabaseBudget`; `MemoryBudget` is the same rule for one
process alone.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from threading import Lock
from typing import TYPE_CHECKING, Any, Protocol

from candlewatch.settings import (
    EXCHANGE_WEIGHT_PER_MINUTE,
    PERMIT_CALLS,
    PERMIT_KEPT_SECONDS,
    PERMIT_SECONDS,
)

if TYPE_CHECKING:
    from collections.abc import Callable

OPEN, THROTTLED, BANNED = "open", "throttled", "banned"
FORBIDDEN, UNAVAILABLE = "forbidden", "unavailable"


@dataclass(frozen=True)
class Grant:
    """The answer to a reservation.

    Attributes:
        granted: whether the weight may be used, at once.
        wait_seconds: when it is worth asking again, 0 where granted.
        state: of the source; not `open` together with `granted` means: this is the probe.
    """

    granted: bool
    wait_seconds: float
    state: str


class Budget(Protocol):
    """Weight and refusals of each source; safe to call from several threads."""

    def reserve(self, source: str, weight: int, used: int | None) -> Grant:
        """Ask for weight; `used` is what the exchange itself counted last, where it is known."""

    def report(self, source: str, state: str, until: datetime | None, note: str) -> None:
        """Close a source until a time, or open it again."""


class ExchangeRow(Protocol):
    """The worker functions behind the shared budget."""

    def reserve_weight(self, source: str, weight: int, used: int | None) -> dict[str, Any]:
        """Ask for weight."""

    def report_exchange(self, source: str, state: str, until: datetime | None, note: str) -> object:
        """Close or open a source."""


@dataclass(frozen=True)
class DatabaseBudget:
    """The budget that all functions share: one row per source."""

    database: ExchangeRow

    def reserve(self, source: str, weight: int, used: int | None) -> Grant:
        """Ask for weight."""
        answer = self.database.reserve_weight(source, weight, used)
        return Grant(
            bool(answer["granted"]), float(answer["wait_seconds"] or 0), str(answer["state"])
        )

    def report(self, source: str, state: str, until: datetime | None, note: str) -> None:
        """Close or open a source."""
        self.database.report_exchange(source, state, until, note)


@dataclass
class _Source:
    minute: int = -1
    used: int = 0
    state: str = OPEN
    until: datetime | None = None
    probing_until: datetime | None = None


class MemoryBudget:
    """The same rule for one process.

    Args:
        weight_per_minute: that may be used.
        clock: aware time.
        probe_seconds: how long a probe may take before another is let through.
    """

    def __init__(
        self,
        weight_per_minute: int = EXCHANGE_WEIGHT_PER_MINUTE,
        clock: Callable[[], datetime] = lambda: datetime.now(UTC),
        probe_seconds: float = 10.0,
    ) -> None:
        self._limit = weight_per_minute
        self._clock = clock
        self._probe = timedelta(seconds=probe_seconds)
        self._sources: dict[str, _Source] = {}
        self._lock = Lock()

    def reserve(self, source: str, weight: int, used: int | None) -> Grant:
        """Ask for weight."""
        now = self._clock()
        with self._lock:
            row = self._sources.setdefault(source, _Source())
            minute = int(now.timestamp()) // 60
            if row.minute != minute:
                row.minute, row.used = minute, 0
            elif used is not None:
                row.used = max(row.used, used)
            if (wait := self._closed_for(row, now)) > 0:
                return Grant(granted=False, wait_seconds=wait, state=row.state)
            if row.used + weight > self._limit:
                wait = 60 - now.timestamp() % 60
                return Grant(granted=False, wait_seconds=wait, state=row.state)
            row.used += weight
            if row.state != OPEN:
                row.probing_until = now + self._probe
            return Grant(granted=True, wait_seconds=0.0, state=row.state)

    def report(self, source: str, state: str, until: datetime | None, note: str) -> None:  # noqa: ARG002 (a process alone has nobody to note it for)
        """Close or open a source."""
        with self._lock:
            row = self._sources.setdefault(source, _Source())
            if row.state == state and row.until and until:
                until = max(row.until, until)
            row.state, row.until, row.probing_until = state, until, None

    def _closed_for(self, row: _Source, now: datetime) -> float:
        """Return for how many seconds nobody may call: a refusal, or another's probe."""
        ends = [moment for moment in (row.until, row.probing_until) if moment and row.state != OPEN]
        return max(((end - now).total_seconds() for end in ends), default=0.0)


class Permits:
    """Reservations of one source, taken call by call from small blocks that soon lapse.

    Args:
        budget: the shared one.
        source: base address of the source.
        clock: monotonic seconds.
    """

    def __init__(
        self, budget: Budget, source: str, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._budget = budget
        self._source = source
        self._clock = clock
        self._lock = Lock()
        self._left = 0
        self._taken_at = float("-inf")
        self._used: int | None = None
        self._probing = False

    def take(self, weight: int, calls_ahead: int = 1) -> Grant:
        """Take the weight of one call, reserving for `calls_ahead` more of its kind at once."""
        with self._lock:
            now = self._clock()
            if self._left >= weight and now < self._taken_at + PERMIT_SECONDS:
                self._left -= weight
                return Grant(granted=True, wait_seconds=0.0, state=OPEN)
            # What was reserved a moment ago and not used is still ours: only the rest is asked for.
            kept = self._left if now < self._taken_at + PERMIT_KEPT_SECONDS else 0
            asked = max(weight, weight * max(1, min(calls_ahead, PERMIT_CALLS)) - kept)
            grant = self._budget.reserve(self._source, asked, self._used)
            if not grant.granted and grant.state == OPEN and asked > weight:
                asked = weight
                grant = self._budget.reserve(self._source, asked, self._used)
            self._used = None
            self._probing = grant.granted and grant.state != OPEN
            # A probe is one call: what else was reserved with it is left unused.
            goes_on = grant.granted and grant.state == OPEN
            self._left = kept + asked - weight if goes_on else 0
            self._taken_at = now
            return grant

    @property
    def probing(self) -> bool:
        """Whether the last permit was the one probe of a closed source."""
        return self._probing

    def learn(self, used: int | None) -> None:
        """Remember what the exchange counted; the next reservation hands it on."""
        if used is not None:
            with self._lock:
                self._used = max(used, self._used or 0)

    def close(self, state: str, until: datetime, note: str) -> None:
        """Close the source for everybody."""
        with self._lock:
            self._left, self._probing = 0, False
        self._budget.report(self._source, state, until, note)

    def answered(self) -> None:
        """Open the source again if the probe was answered; any other answer opens nothing."""
        with self._lock:
            was_probing, self._probing = self._probing, False
        if was_probing:
            self._budget.report(self._source, OPEN, None, "")
