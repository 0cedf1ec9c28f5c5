"""Every filter that waits is compiled; the database learns what it needs or all that is wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from candlewatch.runs.check import judge, run_check
from candlewatch.runs.deadline import Deadline, Stop

if TYPE_CHECKING:
    from uuid import UUID


class Waiting:
    """A database with filters that wait for their check."""

    def __init__(self, *sources: str) -> None:
        self.waiting = list(enumerate(sources, 1))
        self.results: dict[int, dict[str, Any]] = {}
        self.tokens: dict[int, UUID] = {}

    def claim_tasks(
        self, token: UUID, worker: str, kind: str, limit: int, lease_seconds: float
    ) -> dict[str, Any]:
        assert (worker, kind, lease_seconds > 0) == ("tester", "check", True)
        claimed, self.waiting = self.waiting[:limit], self.waiting[limit:]
        self.tokens |= {number: token for number, _ in claimed}
        tasks = [
            {"id": number, "payload": {"filter_id": number, "source": text, "timeframe": "5m"}}
            for number, text in claimed
        ]
        return {"tasks": tasks}

    def complete_check(self, token: UUID, task: int, result: dict[str, Any]) -> dict[str, Any]:
        assert self.tokens[task] == token
        self.results[task] = result
        return {"outcome": "done"}


def test_all_that_wait_are_checked_however_many() -> None:
    database = Waiting(*["close > open"] * 120)

    counts = run_check(database, "tester", Deadline.in_seconds(60))

    assert counts == {"accepted": 120, "refused": 0}
    assert all(result["ok"] for result in database.results.values())


def test_a_wrong_filter_among_right_ones_is_refused_alone() -> None:
    database = Waiting("close > open", "rsy(close, 14) < 30", "rsi(close, 14) < 30")

    counts = run_check(database, "tester", Deadline.in_seconds(60))

    assert counts == {"accepted": 2, "refused": 1}
    problem = database.results[2]["problems"][0]
    assert (problem["line"], problem["column"]) == (1, 1)
    assert "rsi" in problem["hint"]


def test_nothing_is_claimed_when_no_time_is_left() -> None:
    database = Waiting("close > open")

    counts = run_check(database, "tester", Deadline.in_seconds(-1))

    assert (counts, len(database.waiting)) == ({"accepted": 0, "refused": 0}, 1)


class Arriving(Stop):
    """Stands for the pause between two looks: each time one more filter has come."""

    def __init__(self, database: Waiting, *sources: str) -> None:
        super().__init__()
        self.database = database
        self.coming = list(enumerate(sources, 2))
        self.now = 0.0

    def pause(self, seconds: float) -> None:
        self.now += seconds
        if self.coming:
            self.database.waiting.append(self.coming.pop(0))


def test_filters_that_come_while_the_check_looks_on_are_checked_by_the_same_run() -> None:
    database = Waiting("close > open")
    pause = Arriving(database, "close > 1", "close > 2")
    deadline = Deadline(60.0, lambda: pause.now, pause)

    counts = run_check(database, "tester", deadline, patience_seconds=1.0)

    assert counts["accepted"] == 3
    # The last one came after two pauses, and the patience begins anew with each.
    assert pause.now == pytest.approx(1.2)


def test_a_check_without_patience_ends_when_nothing_waits() -> None:
    database = Waiting("close > open")
    pause = Arriving(database, "close > 1")

    counts = run_check(database, "tester", Deadline(60.0, lambda: pause.now, pause))

    assert (counts["accepted"], pause.now) == (1, 0.0)


def test_what_a_filter_needs_is_told_by_timeframe() -> None:
    result = judge(
        'fast = ema(close, 12)\nclose > fast and at("4h", of("BTCUSDT", close > open))', "5m"
    )

    assert result["ok"]
    assert set(result["needs"]) == {"5m", "4h"}
    assert result["symbols"] == ["BTCUSDT"]
    assert "fast" in result["names"]
    assert result["cost"] > 0
