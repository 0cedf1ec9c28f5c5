"""Evaluate what is ready.

    1. `claim_batch`    lease jobs with a token of our own, so that a lost answer loses nothing
    2. `load_watch`     learn on which symbols a match would be reported
    3. `Evaluator`      load the filters and the frames that this process does not hold yet
    4. `Plan.evaluate`  run each distinct filter once, over all symbols
    5. `complete_batch` hand over bit strings per filter; the database makes signals of them

Between two batches nothing is kept that the database does not know; a process may die at any line.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from candlewatch.errors import DatabaseError
from candlewatch.settings import (
    CLAIM_COST,
    CLAIM_JOBS,
    ENQUEUE_SLOTS,
    ENQUEUE_WAIT_SECONDS,
    ENQUEUE_WAITS,
    LEASE_SECONDS,
)
from candlewatch.timeframes import timeframe_named

if TYPE_CHECKING:
    from uuid import UUID

    from candlewatch.runs.deadline import Deadline
    from candlewatch.runs.evaluator import Evaluator


@dataclass(frozen=True)
class Work:
    """What one dispatch asks for: the filters of its claimed jobs, each once."""

    dispatch: int
    timeframe: str
    candle_at: datetime
    revision: int
    filters: tuple[int, ...]
    jobs: tuple[int, ...]
    watched: dict[int, str]


def run_evaluate(evaluator: Evaluator, worker: str, deadline: Deadline) -> dict[str, int]:
    """Drain the queue until nothing is ready or the deadline is reached.

    Args:
        evaluator: what this process keeps between batches.
        worker: who claims.
        deadline: nothing is claimed after it; a batch that is claimed is finished or released.

    Returns:
        Counts of batches, jobs, slots by outcome, signals and the queue's cost of what was done.
    """
    database = evaluator.database
    counts = {"batches": 0, "jobs": 0, "signals": 0}
    waits = 0
    while deadline.left() > 0:
        token = uuid4()
        batch = database.claim_batch(token, worker, CLAIM_JOBS, CLAIM_COST, LEASE_SECONDS)
        if not batch["jobs"]:
            enqueued = database.enqueue_ready(ENQUEUE_SLOTS)
            if enqueued["slots"] == 0:
                if not enqueued.get("elsewhere") or waits == ENQUEUE_WAITS:
                    break
                waits += 1
                deadline.stopping.pause(ENQUEUE_WAIT_SECONDS)
            continue
        waits = 0
        evaluator.refresh(batch["symbols_revision"], batch["repairs"])
        counts["batches"] += 1
        counts["jobs"] += len(batch["jobs"])
        for work in arrange(batch, database.load_watch(token)):
            if deadline.stopping.is_set():
                database.release_batch(token)
                return counts
            done = finish(evaluator, token, work)
            for name, number in done.items():
                counts[name] = counts.get(name, 0) + number
    return counts


def finish(evaluator: Evaluator, token: UUID, work: Work) -> dict[str, int]:
    """Evaluate the jobs of one dispatch and complete them; a lost lease drops them."""
    results, failed = judge(evaluator, work, work.filters)
    done = evaluator.database.complete_batch(
        token, {"jobs": list(work.jobs), "filters": results, "failed": failed}
    )
    if done["outcome"] == "fenced":
        return {"fenced": len(work.jobs)}
    if done["outcome"] == "already":
        return {"repeated": len(work.jobs)}
    return {"signals": done["signals"], "cost": round(done["cost"]), **done["slots"]}


def judge(
    evaluator: Evaluator, work: Work, filters: tuple[int, ...]
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Evaluate filters together, by halves where that fails, so that a bad one fails alone.

    Returns:
        Results as `complete_batch` takes them, and the filters that failed with their reason.
    """
    number = timeframe_named(work.timeframe).index_of(work.candle_at)
    try:
        results = evaluator.evaluate(work.timeframe, number, work.revision, filters, work.watched)
    except DatabaseError:
        raise
    except Exception as error:  # noqa: BLE001  whatever a filter does, it becomes that filter's failure
        if len(filters) == 1:
            reason = f"the evaluation raised {type(error).__name__}: {error}"
            return [], [{"dispatch": work.dispatch, "filter": filters[0], "reason": reason}]
        middle = len(filters) // 2
        first, failed_first = judge(evaluator, work, filters[:middle])
        second, failed_second = judge(evaluator, work, filters[middle:])
        return first + second, failed_first + failed_second
    return [{"dispatch": work.dispatch, **result} for result in results], []


def arrange(batch: dict[str, Any], watch: list[dict[str, Any]]) -> list[Work]:
    """Group the claimed jobs by dispatch, in the order in which they were claimed."""
    watched: dict[int, dict[int, str]] = {}
    for item in watch:
        watched.setdefault(item["dispatch"], {})[item["filter"]] = item["watched"]
    facts = {dispatch["id"]: dispatch for dispatch in batch["dispatches"]}
    jobs: dict[int, list[int]] = {}
    filters: dict[int, dict[int, None]] = {}
    for job in batch["jobs"]:
        jobs.setdefault(job["dispatch"], []).append(job["id"])
        filters.setdefault(job["dispatch"], {}).update(dict.fromkeys(job["filters"]))
    return [
        Work(
            dispatch=number,
            timeframe=facts[number]["timeframe"],
            candle_at=datetime.fromisoformat(facts[number]["candle_at"]),
            revision=facts[number]["revision"],
            filters=tuple(filters[number]),
            jobs=tuple(jobs[number]),
            watched=watched.get(number, {}),
        )
        for number in jobs
    ]
