"""Tasks of one kind, claimed one by one, each ended or given back with its reason."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol
from uuid import UUID, uuid4

from candlewatch.errors import ExchangeError, ExchangeThrottled, LeaseLost
from candlewatch.settings import FETCH_LEASE_SECONDS, SYMBOL_SECONDS

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from candlewatch.exchange.protocol import Exchange
    from candlewatch.runs.deadline import Deadline


class TaskDatabase(Protocol):
    """The worker functions that tasks need."""

    def claim_tasks(
        self, token: UUID, worker: str, kind: str, limit: int, lease_seconds: float
    ) -> dict[str, Any]:
        """Lease tasks of one kind."""

    def fail_task(
        self, token: UUID, task: int, reason: str, retry_seconds: float | None
    ) -> dict[str, Any]:
        """Give a task back with a reason."""


@dataclass(frozen=True)
class Task:
    """A leased task.

    Attributes:
        token: of its lease.
        id: in the database.
        payload: what to do.
    """

    token: UUID
    id: int
    payload: dict[str, Any]


class TaskPutOff(Exception):
    """A task cannot be done now; it goes back with this reason and is tried again."""

    def __init__(self, reason: str, retry_seconds: float | None = None) -> None:
        super().__init__(reason)
        self.retry_seconds = retry_seconds


def work_off(
    database: TaskDatabase,
    worker: str,
    kind: str,
    deadline: Deadline,
    work: Callable[[Task], dict[str, int]],
) -> dict[str, int]:
    """Work off the tasks of one kind; one that is put off ends it, for the next would be as well.

    Args:
        database: the worker functions.
        worker: who claims.
        kind: of the tasks.
        deadline: nothing is claimed after it.
        work: does one task, ends it, and returns its counts.

    Returns:
        The sums of the counts, with `tasks`, `put_off` and `fenced`.
    """
    counts: dict[str, int] = {"tasks": 0}
    while deadline.left() > 0:
        token = uuid4()
        claimed = database.claim_tasks(token, worker, kind, 1, FETCH_LEASE_SECONDS)["tasks"]
        if not claimed:
            break
        counts["tasks"] += 1
        task = Task(token, int(claimed[0]["id"]), claimed[0]["payload"])
        for name, number in _done(database, task, work).items():
            counts[name] = counts.get(name, 0) + number
        if "put_off" in counts:
            break
    return counts


def _done(
    database: TaskDatabase, task: Task, work: Callable[[Task], dict[str, int]]
) -> dict[str, int]:
    try:
        return work(task)
    except LeaseLost:
        return {"fenced": 1}
    except TaskPutOff as put_off:
        database.fail_task(task.token, task.id, str(put_off), put_off.retry_seconds)
    except ExchangeError as error:
        database.fail_task(task.token, task.id, str(error), None)
    return {"put_off": 1}


def answers(exchange: Exchange) -> bool:
    """Tell whether the exchange answers now; where not, no attempt of a task is spent on it."""
    try:
        exchange.time(SYMBOL_SECONDS)
    except ExchangeError:
        return False
    return True


def seconds_until(error: ExchangeError | None, now: datetime) -> float | None:
    """Return how long the exchange wants to be left alone; nothing where it does not say."""
    if not isinstance(error, ExchangeThrottled):
        return None
    return max(1.0, (error.retry_at - now).total_seconds())
