"""Check the filters that wait: compile each text, tell the database what it needs or lacks.

A wake within the debounce time of another one is not sent. The run that the other one started looks
on for longer than that, so that no filter waits for the next tick.
"""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any, Protocol
from uuid import uuid4

from candlewatch.errors import FilterRefused
from candlewatch.filters import compile_filter
from candlewatch.settings import CHECK_PAUSE_SECONDS, CHECK_TASKS, LEASE_SECONDS
from candlewatch.timeframes import timeframe_named

if TYPE_CHECKING:
    from uuid import UUID

    from candlewatch.runs.deadline import Deadline


class CheckDatabase(Protocol):
    """The worker functions that a check calls."""

    def claim_tasks(
        self, token: UUID, worker: str, kind: str, limit: int, lease_seconds: float
    ) -> dict[str, Any]:
        """Lease tasks of one kind."""

    def complete_check(self, token: UUID, task: int, result: dict[str, Any]) -> dict[str, Any]:
        """Record what a filter needs, or what is wrong with it."""


def run_check(
    database: CheckDatabase, worker: str, deadline: Deadline, patience_seconds: float = 0.0
) -> dict[str, int]:
    """Drain the waiting checks, and those that come within the patience after the last one.

    Args:
        database: the worker functions.
        worker: who claims.
        deadline: nothing is claimed after it.
        patience_seconds: how long to look on once nothing waits.

    Returns:
        How many filters were accepted and how many refused.
    """
    counts = {"accepted": 0, "refused": 0}
    ends_at = deadline.clock() + patience_seconds
    while deadline.left() > 0:
        token = uuid4()
        tasks = database.claim_tasks(token, worker, "check", CHECK_TASKS, LEASE_SECONDS)["tasks"]
        if not tasks:
            if deadline.clock() >= ends_at:
                break
            deadline.stopping.pause(CHECK_PAUSE_SECONDS)
            continue
        for task in tasks:
            result = judge(task["payload"]["source"], task["payload"]["timeframe"])
            database.complete_check(token, task["id"], result)
            counts["accepted" if result["ok"] else "refused"] += 1
        ends_at = deadline.clock() + patience_seconds
    return counts


def judge(source: str, timeframe: str) -> dict[str, Any]:
    """Compile a text and say what it needs or all that is wrong with it.

    Args:
        source: the filter's text.
        timeframe: name of the timeframe on which it will run.

    Returns:
        `ok` with needs (candles per timeframe), lookback, cost, symbols and names; or not `ok`
        with problems.
    """
    try:
        compiled = compile_filter(source, timeframe_named(timeframe))
    except FilterRefused as refusal:
        return {"ok": False, "problems": [asdict(problem) for problem in refusal.problems]}
    return {
        "ok": True,
        "needs": dict(compiled.needs),
        "lookback": compiled.lookback,
        "cost": compiled.cost,
        "symbols": list(compiled.symbols),
        "names": list(compiled.names),
    }
