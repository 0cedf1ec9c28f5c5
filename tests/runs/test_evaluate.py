"""A batch is evaluated once per filter and completed; a bad filter fails alone; a stop releases."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from candlewatch.frames.packing import stream_of
from candlewatch.frames.window import FIELDS, Window
from candlewatch.runs.deadline import Deadline
from candlewatch.runs.evaluate import run_evaluate
from candlewatch.runs.evaluator import Evaluator
from candlewatch.settings import ENQUEUE_WAITS
from candlewatch.timeframes import timeframe_named

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from uuid import UUID

FIVE: Final = timeframe_named("5m")
CANDLE: Final = datetime(2026, 1, 5, 12, tzinfo=UTC)
SYMBOLS: Final = ("BTCUSDT", "ETHUSDT", "XRPUSDT")


def window_of(closes: Sequence[Sequence[float]]) -> Window:
    """Return a window that ends with the test's candle: a row of closes per symbol, open 10."""
    rows = np.array(closes, dtype=np.float64)
    values = np.stack(
        [np.full_like(rows, 10.0), rows + 20, rows - 20, rows, rows * 0 + 1, rows * 0]
    )
    values[:, np.isnan(rows)] = np.nan
    assert len(values) == len(FIELDS)
    first = FIVE.index_of(CANDLE) - rows.shape[1] + 1
    return Window(FIVE, first, values, np.ones(rows.shape[1], np.int64))


class Queue:
    """A database that holds one batch of jobs and some frames."""

    def __init__(self, jobs: list[tuple[int, list[int]]], filters: dict[int, str]) -> None:
        self.jobs = jobs
        self.filters = filters
        self.window = window_of([[9, 11], [11, 9], [11, np.nan]])
        self.completed: list[dict[str, Any]] = []
        self.released: list[UUID] = []
        self.loads: list[list[int]] = []
        self.outcome = "done"
        self.watched = "111"
        self.elsewhere: list[bool] = []
        self.on_claim: Callable[[], None] = lambda: None
        self.late_slots = [0]

    def claim_batch(
        self, token: UUID, worker: str, limit: int, cost_limit: float, lease_seconds: float
    ) -> dict[str, Any]:
        assert (worker, limit > 0, cost_limit > 0, lease_seconds > 0) == ("tester", *[True] * 3)
        jobs, self.jobs = self.jobs, []
        self.on_claim()
        return {
            "token": str(token),
            "symbols_revision": 1,
            "repairs": {},
            "jobs": [
                {"id": number, "dispatch": 7, "attempt": 1, "filters": filters}
                for number, filters in jobs
            ],
            "dispatches": [
                {"id": 7, "timeframe": "5m", "candle_at": CANDLE.isoformat(), "revision": 1}
            ],
        }

    def enqueue_ready(self, limit: int) -> dict[str, Any]:
        assert limit > 0
        slots = self.late_slots.pop() if self.late_slots else 0
        return {"slots": slots, "elsewhere": bool(self.elsewhere) and self.elsewhere.pop()}

    def complete_batch(self, token: UUID, results: dict[str, Any]) -> dict[str, Any]:
        assert token is not None
        self.completed.append(results)
        return {
            "outcome": self.outcome,
            "slots": {"done": len(results["jobs"])},
            "signals": 2,
            "cost": 1.6,
        }

    def release_batch(self, token: UUID) -> dict[str, Any]:
        self.released.append(token)
        return {}

    def load_filters(self, ids: Sequence[int]) -> list[dict[str, Any]]:
        self.loads.append(list(ids))
        return [{"id": number, "source": self.filters[number]} for number in ids]

    def load_watch(self, token: UUID) -> list[dict[str, Any]]:
        assert token is not None
        return [
            {"dispatch": 7, "filter": number, "watched": self.watched} for number in self.filters
        ]

    def load_symbols(self) -> dict[str, Any]:
        symbols = [
            {"symbol": name, "trading": True, "quote_asset": "USDT", "quote_volume": 1.0}
            for name in SYMBOLS
        ]
        return {"revision": 1, "symbols": symbols}

    def load_frames(self, timeframe: str, since: datetime, until: datetime) -> bytes:
        assert timeframe == "5m"
        assert since <= until == CANDLE + timedelta()
        return stream_of(self.window)


def run(queue: Queue, deadline: Deadline | None = None) -> dict[str, int]:
    return run_evaluate(Evaluator(queue), "tester", deadline or Deadline.in_seconds(60))


def test_each_filter_of_a_batch_is_evaluated_once_and_told_as_bit_strings() -> None:
    queue = Queue([(1, [3]), (2, [3, 4])], {3: "close > open", 4: "close < open"})

    counts = run(queue)

    [results] = queue.completed
    told = {item["filter"]: (item["true"], item["unknown"]) for item in results["filters"]}
    assert results["jobs"] == [1, 2]
    assert told == {3: ("100", "001"), 4: ("010", "001")}
    assert counts["signals"] == 2


def test_a_match_carries_the_values_that_made_it_fire() -> None:
    queue = Queue([(1, [3])], {3: "gain = close - open\ngain > 0.5"})

    run(queue)

    [result] = queue.completed[0]["filters"]
    assert result["values"].keys() == {"0"}
    assert result["values"]["0"]["gain"] == 1.0


def test_values_go_only_with_matches_that_would_be_reported() -> None:
    queue = Queue([(1, [3])], {3: "close > 1"})
    queue.watched = "01"

    run(queue)

    [result] = queue.completed[0]["filters"]
    assert (result["true"], list(result["values"])) == ("110", ["1"])


def test_a_worker_waits_a_little_while_another_one_makes_jobs() -> None:
    queue = Queue([], {3: "close > open"})
    queue.elsewhere = [True, True, True]
    queue.late_slots = [0, 0, 0]

    def arrive() -> None:
        if len(queue.elsewhere) == 1:
            queue.jobs, queue.on_claim = [(1, [3])], lambda: None

    queue.on_claim = arrive

    assert run(queue)["jobs"] == 1


def test_a_worker_does_not_wait_for_one_that_is_stuck() -> None:
    queue = Queue([], {})
    queue.elsewhere = [True] * 1_000

    counts = run(queue)

    assert counts["jobs"] == 0
    assert 1_000 - len(queue.elsewhere) == ENQUEUE_WAITS + 1


def test_a_filter_that_cannot_be_evaluated_fails_alone_with_its_reason() -> None:
    queue = Queue([(1, [3, 4, 5])], {3: "close > open", 4: "nonsense(", 5: "close < open"})

    run(queue)

    [results] = queue.completed
    assert [item["filter"] for item in results["filters"]] == [3, 5]
    [failure] = results["failed"]
    assert (failure["dispatch"], failure["filter"]) == (7, 4)
    assert "line 1" in failure["reason"]


def test_filters_are_loaded_once_by_a_warm_function() -> None:
    queue = Queue([(1, [3])], {3: "close > open", 4: "close < open"})
    evaluator = Evaluator(queue)
    run_evaluate(evaluator, "tester", Deadline.in_seconds(60))
    queue.jobs = [(2, [3, 4])]

    run_evaluate(evaluator, "tester", Deadline.in_seconds(60))

    assert queue.loads == [[3], [4]]


def test_an_idle_worker_turns_dispatches_into_jobs_before_it_stops() -> None:
    queue = Queue([], {3: "close > open"})
    queue.late_slots = [0, 5]

    run(queue)

    assert queue.late_slots == []


def test_a_lost_lease_is_counted_and_nothing_else() -> None:
    queue = Queue([(1, [3])], {3: "close > open"})
    queue.outcome = "fenced"

    counts = run(queue)

    assert (counts["fenced"], counts["signals"]) == (1, 0)


def test_what_was_claimed_when_the_host_asked_to_stop_is_released() -> None:
    queue = Queue([(1, [3])], {3: "close > open"})
    deadline = Deadline.in_seconds(60)
    queue.on_claim = deadline.stopping.set

    run(queue, deadline)

    assert (len(queue.released), queue.completed) == (1, [])


def test_nothing_is_claimed_after_the_deadline() -> None:
    queue = Queue([(1, [3])], {3: "close > open"})

    run(queue, Deadline.in_seconds(-1))

    assert queue.jobs == [(1, [3])]
