"""Weight and refusals are one truth for all functions, in the database as in one process."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from threading import Barrier, Event
from typing import TYPE_CHECKING

import pytest

from candlewatch.database import Database as Worker
from candlewatch.exchange.budget import (
    BANNED,
    OPEN,
    THROTTLED,
    UNAVAILABLE,
    Budget,
    Count,
    DatabaseBudget,
    Grant,
    MemoryBudget,
    Permits,
    Reservation,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

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

    def reserve(
        self, *weights: int, history: bool = False, count: Count | None = None
    ) -> Reservation:
        first, second = (
            budget.reserve(SOURCE, weights, history=history, count=count) for budget in self.budgets
        )
        assert (first.calls, first.state) == (second.calls, second.state)
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
    assert both.reserve(2_998).calls == 1
    assert both.reserve(2).calls == 1
    both.advance(20)
    refused = both.reserve(1)
    both.advance(40)

    assert refused == Reservation(0, 40.0, OPEN)
    assert both.reserve(3_000) == Reservation(1, 0.0, OPEN)


def test_as_many_calls_are_granted_as_there_is_room_for(both: Both) -> None:
    both.reserve(2_995)

    assert both.reserve(2, 2, 2, 1) == Reservation(2, 60.0, OPEN)
    assert both.reserve(1).calls == 1
    assert both.reserve(1).calls == 0


def test_history_leaves_a_share_of_the_minute_to_closes(both: Both) -> None:
    assert both.reserve(2_000, history=True).calls == 1
    assert both.reserve(*[2] * 60, history=True) == Reservation(50, 60.0, OPEN)
    assert both.reserve(2, history=True).calls == 0
    assert both.reserve(800).calls == 1
    both.advance(60)

    # What closes used counts for history too.
    assert both.reserve(2_100).calls == 1
    assert both.reserve(1, history=True).calls == 0


def test_what_the_exchange_counted_holds_when_it_is_more(both: Both) -> None:
    both.reserve(10)

    assert both.reserve(10, count=Count(2_980, NOON)).calls == 1
    assert both.reserve(11).calls == 0
    assert both.reserve(10, count=Count(5, NOON)).calls == 1


def test_what_the_exchange_counted_in_another_minute_does_not_count_in_this_one(
    both: Both,
) -> None:
    both.reserve(10)
    both.advance(60)

    assert both.reserve(100, count=Count(3_000, both.now - timedelta(seconds=1))).calls == 1
    assert both.reserve(100, count=Count(3_000, both.now + timedelta(seconds=60))).calls == 1
    assert both.reserve(1, count=Count(3_000, both.now + timedelta(seconds=59))).calls == 0


@pytest.mark.parametrize("state", [THROTTLED, BANNED, UNAVAILABLE])
def test_a_closed_source_grants_nothing_then_one_probe(both: Both, state: str) -> None:
    both.report(state, 30)
    closed = both.reserve(1, 1)
    both.advance(30)
    probe = both.reserve(1, 1, 1)
    waiting = both.reserve(1)
    both.report(OPEN)

    assert closed == Reservation(0, pytest.approx(30), state)  # type: ignore[arg-type]
    assert probe == Reservation(1, pytest.approx(10), state)  # type: ignore[arg-type]
    assert waiting == Reservation(0, pytest.approx(10), state)  # type: ignore[arg-type]
    assert both.reserve(1, 1) == Reservation(2, 0.0, OPEN)


def test_a_probe_counts_as_the_one_call_that_it_is(both: Both) -> None:
    both.report(THROTTLED, 1)
    both.advance(1)
    both.reserve(1_000, 2_000)
    both.report(OPEN)

    assert both.reserve(2_000).calls == 1


def test_a_probe_that_never_came_back_lets_another_through(both: Both) -> None:
    both.report(THROTTLED, 5)
    both.advance(6)
    both.reserve(1)
    both.advance(10.5)

    assert both.reserve(1).calls == 1


def test_a_shorter_refusal_does_not_cut_a_longer_one(both: Both) -> None:
    both.report(THROTTLED, 60)
    both.report(THROTTLED, 5)
    both.advance(10)

    assert both.reserve(1).calls == 0


@dataclass
class Counting:
    """A budget that grants what it is told to, everything by itself, and remembers questions."""

    asked: list[tuple[list[int], bool, Count | None]] = field(default_factory=list)
    reported: list[str] = field(default_factory=list)
    answers: list[Reservation] = field(default_factory=list)
    before_answering: Callable[[], object] = lambda: None

    def reserve(
        self, source: str, weights: Sequence[int], *, history: bool, count: Count | None
    ) -> Reservation:
        assert source == SOURCE
        self.asked.append((list(weights), history, count))
        self.before_answering()
        return self.answers.pop(0) if self.answers else Reservation(len(weights), 0.0, OPEN)

    def report(self, source: str, state: str, until: datetime | None, note: str) -> None:
        assert (source, note) == (SOURCE, note)
        assert (until is None) == (state == OPEN)
        self.reported.append(state)


GRANTED = Grant(granted=True, wait_seconds=0.0, state=OPEN)


def test_every_call_asks_and_no_permit_is_kept() -> None:
    budget = Counting()
    permits = Permits(budget, SOURCE)

    assert [permits.take(2), permits.take(20, history=True)] == [GRANTED, GRANTED]
    assert budget.asked == [([2], False, None), ([20], True, None)]


def taken_together(budget: Counting, kinds: Sequence[bool]) -> list[Grant]:
    """Take a permit, and while its question is on its way one more for each of the kinds."""
    permits = Permits(budget, SOURCE)
    on_the_way, go_on = Event(), Event()

    def hold() -> None:
        if len(budget.asked) == 1:
            on_the_way.set()
            assert go_on.wait(10)

    budget.before_answering = hold
    with ThreadPoolExecutor(len(kinds) + 1) as pool:
        first = pool.submit(permits.take, 1)
        assert on_the_way.wait(10)
        others = [pool.submit(permits.take, 2, history=kind) for kind in kinds]
        while permits.waiting < len(kinds):
            pass
        go_on.set()
        return [first.result(10), *(other.result(10) for other in others)]


def test_calls_that_wait_are_asked_for_together() -> None:
    budget = Counting()

    grants = taken_together(budget, [False] * 20)

    assert grants == [GRANTED] * 21
    assert [weights for weights, _, _ in budget.asked] == [[1], [2] * 20]


def test_history_is_asked_for_apart_from_closes() -> None:
    budget = Counting()

    taken_together(budget, [False, True, False, True, True])

    assert sorted((len(weights), history) for weights, history, _ in budget.asked[1:]) == [
        (2, False),
        (3, True),
    ]


def test_of_calls_that_were_asked_for_together_only_those_with_room_go_out() -> None:
    budget = Counting(answers=[Reservation(1, 0.0, OPEN), Reservation(3, 9.0, OPEN)])

    grants = taken_together(budget, [False] * 5)

    refused = Grant(granted=False, wait_seconds=9.0, state=OPEN)
    assert sorted(grants[1:], key=lambda grant: grant.granted) == [refused] * 2 + [GRANTED] * 3


def test_when_the_budget_cannot_be_asked_each_call_is_told_so() -> None:
    budget, together = Counting(), Barrier(4)
    permits = Permits(budget, SOURCE)

    def fail() -> None:
        raise TimeoutError

    def take() -> None:
        together.wait(10)
        with pytest.raises(TimeoutError):
            permits.take(2)

    budget.before_answering = fail
    with ThreadPoolExecutor(4) as pool:
        for each in [pool.submit(take) for _ in range(4)]:
            each.result(10)

    budget.before_answering = lambda: None
    assert permits.take(2) == GRANTED


def test_what_was_granted_before_a_refusal_came_here_is_asked_for_again() -> None:
    budget = Counting()
    permits = Permits(budget, SOURCE)

    def refuse() -> None:
        if len(budget.asked) == 1:
            permits.close(THROTTLED, NOON, "429")

    budget.before_answering = refuse
    closed = Reservation(0, 30.0, THROTTLED)
    budget.answers = [Reservation(1, 0.0, OPEN), closed]

    assert permits.take(2) == closed.grant(0)
    assert len(budget.asked) == 2


def test_the_newest_count_of_the_exchange_is_handed_on_once() -> None:
    budget = Counting()
    permits = Permits(budget, SOURCE)
    newest = Count(40, NOON)
    for count in (None, Count(900, NOON - timedelta(seconds=1)), newest, Count(30, NOON)):
        permits.learn(count)
    permits.take(1)
    permits.take(1)

    assert [count for _, _, count in budget.asked] == [newest, None]


def test_a_source_is_closed_and_opened_for_everybody() -> None:
    budget = Counting()
    permits = Permits(budget, SOURCE)

    permits.close(THROTTLED, NOON, "429")
    permits.open()

    assert budget.reported == [THROTTLED, OPEN]
