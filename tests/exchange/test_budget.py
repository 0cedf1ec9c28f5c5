"""Weight and refusals are one truth for all functions, in the database as in one process."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import pytest

from candlewatch.database import Database as Worker
from candlewatch.exchange.budget import (
    BANNED,
    OPEN,
    THROTTLED,
    UNAVAILABLE,
    Budget,
    DatabaseBudget,
    Grant,
    MemoryBudget,
    Permits,
)
from candlewatch.settings import PERMIT_CALLS, PERMIT_SECONDS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from tests.fixtures.clock import Clock
    from tests.fixtures.rest import Rest

NOON = datetime(2026, 1, 5, 12, tzinfo=UTC)
SOURCE = "https://one"


@dataclass
class Both:
    """The database's budget and the small one on the same clock; they must answer alike."""

    budgets: tuple[Budget, ...]
    move: Callable[[datetime], None]
    now: datetime = NOON

    def advance(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)
        self.move(self.now)

    def reserve(self, weight: int, used: int | None = None) -> Grant:
        first, second = (budget.reserve(SOURCE, weight, used) for budget in self.budgets)
        assert (first.granted, first.state) == (second.granted, second.state)
        assert first.wait_seconds == pytest.approx(second.wait_seconds, abs=1e-3)
        return first

    def report(self, state: str, seconds: float = 0.0) -> None:
        until = self.now + timedelta(seconds=seconds) if state != OPEN else None
        for budget in self.budgets:
            budget.report(SOURCE, state, until, "a note")


@pytest.fixture
def both(rest: Rest, clock: Clock) -> Iterator[Both]:
    worker = Worker.at(rest.url, "", rest.token("candlewatch_worker"))
    made = Both((), clock.set)
    made.budgets = (DatabaseBudget(worker), MemoryBudget(3_000, lambda: made.now))
    clock.set(NOON)
    yield made
    worker.connection.close()


def test_weight_is_granted_up_to_the_limit_of_each_minute(both: Both) -> None:
    assert both.reserve(2_998).granted
    assert both.reserve(2).granted
    both.advance(20)
    refused = both.reserve(1)
    both.advance(40)

    assert not refused.granted
    assert refused.wait_seconds == pytest.approx(40)
    assert both.reserve(3_000).granted


def test_what_the_exchange_counted_holds_when_it_is_more(both: Both) -> None:
    both.reserve(10)

    assert both.reserve(10, used=2_980).granted
    assert not both.reserve(11).granted
    assert both.reserve(10, used=5).granted


@pytest.mark.parametrize("state", [THROTTLED, BANNED, UNAVAILABLE])
def test_a_closed_source_grants_nothing_then_one_probe(both: Both, state: str) -> None:
    both.report(state, 30)
    closed = both.reserve(1)
    both.advance(30)
    probe = both.reserve(1)
    waiting = both.reserve(1)
    both.report(OPEN)

    assert (closed.granted, closed.state) == (False, state)
    assert closed.wait_seconds == pytest.approx(30)
    assert (probe.granted, probe.state) == (True, state)
    assert not waiting.granted
    assert waiting.wait_seconds == pytest.approx(10)
    assert both.reserve(1) == Grant(granted=True, wait_seconds=0.0, state=OPEN)


def test_a_probe_that_never_came_back_lets_another_through(both: Both) -> None:
    both.report(THROTTLED, 5)
    both.advance(6)
    both.reserve(1)
    both.advance(10.5)

    assert both.reserve(1).granted


def test_a_shorter_refusal_does_not_cut_a_longer_one(both: Both) -> None:
    both.report(THROTTLED, 60)
    both.report(THROTTLED, 5)
    both.advance(10)

    assert not both.reserve(1).granted


@dataclass
class Counting:
    """A budget that grants everything and remembers what was asked."""

    asked: list[tuple[int, int | None]] = field(default_factory=list)
    reported: list[str] = field(default_factory=list)
    answers: list[Grant] = field(default_factory=list)

    def reserve(self, source: str, weight: int, used: int | None) -> Grant:
        assert source == SOURCE
        self.asked.append((weight, used))
        open_for_all = Grant(granted=True, wait_seconds=0.0, state=OPEN)
        return self.answers.pop(0) if self.answers else open_for_all

    def report(self, source: str, state: str, until: datetime | None, note: str) -> None:
        assert (source, note) == (SOURCE, note)
        assert (until is None) == (state == OPEN)
        self.reported.append(state)


def test_many_calls_ask_the_budget_once() -> None:
    budget, seconds = Counting(), [0.0]
    permits = Permits(budget, SOURCE, lambda: seconds[0])

    assert all(permits.take(2, PERMIT_CALLS).granted for _ in range(PERMIT_CALLS))
    assert budget.asked == [(2 * PERMIT_CALLS, None)]

    permits.take(2, 1)
    assert len(budget.asked) == 2


def test_a_permit_lapses_soon_and_its_weight_is_kept_for_the_next() -> None:
    budget, seconds = Counting(), [0.0]
    permits = Permits(budget, SOURCE, lambda: seconds[0])
    permits.take(2, 10)

    seconds[0] += PERMIT_SECONDS
    permits.take(2, 10)
    seconds[0] += 60
    permits.take(2, 10)

    assert [weight for weight, _ in budget.asked] == [20, 2, 20]


def test_what_the_exchange_counted_is_handed_on_once() -> None:
    budget = Counting()
    permits = Permits(budget, SOURCE)
    for used in (None, 40, 30):
        permits.learn(used)
    permits.take(1)
    permits.take(1)

    assert budget.asked == [(1, 40), (1, None)]


def test_near_the_limit_a_single_call_is_asked_for() -> None:
    full = Grant(granted=False, wait_seconds=9.0, state=OPEN)
    budget = Counting(answers=[full])

    assert Permits(budget, SOURCE).take(2, 10).granted
    assert [weight for weight, _ in budget.asked] == [20, 2]


def test_a_probe_is_one_call_and_its_answer_opens_the_source() -> None:
    probe = Grant(granted=True, wait_seconds=0.0, state=THROTTLED)
    budget = Counting(answers=[probe])
    permits = Permits(budget, SOURCE)

    permits.take(2, 10)
    assert permits.probing
    permits.take(2, 10)
    assert len(budget.asked) == 2

    budget.answers.append(probe)
    permits.take(20)
    permits.answered()
    permits.answered()
    assert budget.reported == [OPEN]


def test_a_late_answer_to_an_earlier_call_does_not_open_a_refusal() -> None:
    budget = Counting()
    permits = Permits(budget, SOURCE)
    permits.take(2, 10)
    permits.close(THROTTLED, NOON, "429")

    permits.answered()

    assert budget.reported == [THROTTLED]


def test_a_refusal_takes_back_what_was_reserved() -> None:
    budget = Counting()
    permits = Permits(budget, SOURCE)
    permits.take(2, 10)

    permits.close(THROTTLED, NOON, "429")
    permits.take(2, 1)

    assert budget.reported == [THROTTLED]
    assert len(budget.asked) == 2
