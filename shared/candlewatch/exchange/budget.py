"""The exchange's patience, shared by all functions: weight per minute, refusals, and one probe.

    1. `Permits.take`     before every call: one question to the budget for all that wait just then
    2. `Budget.reserve`   adds to the minute's weight, or says how long to wait and why
    3. `Permits.learn`    after every call: what the exchange itself has counted
    4. `Budget.report`    a refusal closes the source for everybody; after its end one call probes

No permit is kept: a call that is let through asked for it before, and goes out when the answer is
there. So nobody calls after a refusal was noted but for what was on its way by then.

The real budget is a row in the database, `DatabaseBudget`; `MemoryBudget` is the same rule for one
process alone.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from threading import Lock
from typing import TYPE_CHECKING, Any, Protocol

from candlewatch.settings import EXCHANGE_WEIGHT_PER_MINUTE, HISTORY_WEIGHT_SHARE

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

OPEN, THROTTLED, BANNED = "open", "throttled", "banned"
FORBIDDEN, UNAVAILABLE = "forbidden", "unavailable"


@dataclass(frozen=True)
class Grant:
    """Whether one call may be made.

    Attributes:
        granted: whether it may go out, at once.
        wait_seconds: when it is worth asking again, 0 where granted.
        state: of the source; not `open` together with `granted` means: this is the probe.
    """

    granted: bool
    wait_seconds: float
    state: str


@dataclass(frozen=True)
class Reservation:
    """The answer to a question for several calls.

    Attributes:
        calls: how many of them may be made, in the order of the question.
        wait_seconds: when it is worth asking for the rest, 0 where there is none.
        state: of the source.
    """

    calls: int
    wait_seconds: float
    state: str

    def grant(self, place: int) -> Grant:
        """Return what it says of the call at a place of the question."""
        if place < self.calls:
            return Grant(granted=True, wait_seconds=0.0, state=self.state)
        return Grant(granted=False, wait_seconds=self.wait_seconds, state=self.state)


@dataclass(frozen=True)
class Count:
    """What the exchange counted for our address in the minute of one of its answers.

    Attributes:
        weight: in that minute so far.
        at: when it answered, by its own clock.
    """

    weight: int
    at: datetime

    @property
    def minute(self) -> int:
        """Which minute it belongs to."""
        return int(self.at.timestamp()) // 60


class Budget(Protocol):
    """Weight and refusals of each source; safe to call from several threads."""

    def reserve(
        self, source: str, weights: Sequence[int], *, history: bool, count: Count | None
    ) -> Reservation:
        """Ask for the weights of calls.

        Args:
            source: base address.
            weights: of each call.
            history: these calls leave a share of the minute to closes.
            count: the newest that is known of the exchange's own.
        """

    def report(self, source: str, state: str, until: datetime | None, note: str) -> None:
        """Close a source until a time, or open it again."""


class ExchangeRow(Protocol):
    """The worker functions behind the shared budget."""

    def reserve_weight(
        self,
        source: str,
        weights: Sequence[int],
        used: int | None,
        used_at: datetime | None,
        *,
        history: bool,
    ) -> dict[str, Any]:
        """Ask for the weights of calls."""

    def report_exchange(self, source: str, state: str, until: datetime | None, note: str) -> object:
        """Close or open a source."""


@dataclass(frozen=True)
class DatabaseBudget:
    """The budget that all functions share: one row per source."""

    database: ExchangeRow

    def reserve(
        self, source: str, weights: Sequence[int], *, history: bool, count: Count | None
    ) -> Reservation:
        """Ask for the weights of calls."""
        used, used_at = (count.weight, count.at) if count else (None, None)
        answer = self.database.reserve_weight(source, weights, used, used_at, history=history)
        return Reservation(
            int(answer["calls"]), float(answer["wait_seconds"]), str(answer["state"])
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

    def reserve(
        self, source: str, weights: Sequence[int], *, history: bool, count: Count | None
    ) -> Reservation:
        """Ask for the weights of calls."""
        now = self._clock()
        with self._lock:
            row = self._sources.setdefault(source, _Source())
            minute = int(now.timestamp()) // 60
            if row.minute != minute:
                row.minute, row.used = minute, 0
            if count is not None and count.minute == minute:
                row.used = max(row.used, count.weight)
            if (wait := self._closed_for(row, now)) > 0:
                return Reservation(0, wait, row.state)
            # A closed source is probed with one call.
            asked = weights if row.state == OPEN else weights[:1]
            limit = self._limit * HISTORY_WEIGHT_SHARE if history else self._limit
            fitting = [total for total in accumulate(asked) if row.used + total <= limit]
            row.used += fitting[-1] if fitting else 0
            if fitting and row.state != OPEN:
                row.probing_until = now + self._probe
            if len(fitting) == len(weights):
                return Reservation(len(fitting), 0.0, row.state)
            rest = self._closed_for(row, now) or 60 - now.timestamp() % 60
            return Reservation(len(fitting), rest, row.state)

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
        return max([0.0, *((end - now).total_seconds() for end in ends)])


@dataclass(eq=False)
class _Wish:
    """A call that waits for its permit."""

    weight: int
    history: bool
    grant: Grant | None = None


class Permits:
    """Permits of one source for the threads of a function, asked for together, none kept.

    One thread asks the budget for all calls that wait just then; those that come meanwhile are the
    next question. Safe to use from several threads.

    Args:
        budget: the shared one.
        source: base address of the source.
    """

    def __init__(self, budget: Budget, source: str) -> None:
        self._budget = budget
        self._source = source
        self._wishes: list[_Wish] = []
        self._count: Count | None = None
        self._reports = 0
        self._lock = Lock()
        self._asking = Lock()
        self._reporting = Lock()

    def take(self, weight: int, *, history: bool = False) -> Grant:
        """Return whether a call of this weight may go out now; if not, when to ask again."""
        mine = _Wish(weight, history)
        with self._lock:
            self._wishes.append(mine)
        with self._asking:
            return mine.grant or self._ask(mine)

    @property
    def waiting(self) -> int:
        """How many calls wait for an answer to their question."""
        with self._lock:
            return len(self._wishes)

    def _ask(self, mine: _Wish) -> Grant:
        """Ask for one wish, and for the others of its kind that wait."""
        with self._lock:
            others = [one for one in self._wishes if one is not mine]
            group = [mine, *(one for one in others if one.history == mine.history)]
            self._wishes = [one for one in others if one.history != mine.history]
            count, self._count = self._count, None
        answer = self._reserved([one.weight for one in group], mine.history, count)
        for place, one in enumerate(group):
            one.grant = answer.grant(place)
        return answer.grant(0)

    def _reserved(self, weights: list[int], history: bool, count: Count | None) -> Reservation:  # noqa: FBT001 (as the question has it)
        """Ask until no refusal came here in between: what was granted before it is not used."""
        while True:
            with self._reporting:
                before = self._reports
            answer = self._budget.reserve(self._source, weights, history=history, count=count)
            with self._reporting:
                if before == self._reports:
                    return answer

    def learn(self, count: Count | None) -> None:
        """Remember what the exchange counted; the next question hands it on."""
        if count is None:
            return
        with self._lock:
            known = self._count or count
            self._count = max(known, count, key=lambda one: (one.minute, one.weight))

    def close(self, state: str, until: datetime, note: str) -> None:
        """Close the source for everybody."""
        with self._reporting:
            self._reports += 1
            self._budget.report(self._source, state, until, note)

    def open(self) -> None:
        """Open the source again: its probe was answered."""
        self._budget.report(self._source, OPEN, None, "")
