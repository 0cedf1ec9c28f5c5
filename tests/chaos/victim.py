"""An evaluating worker with a fate: it dies, freezes or loses answers where it was told to.

The product is not changed for it: the fate sits in the database object that the worker is given and
in the transport beneath it.
"""

from __future__ import annotations

import os
import random
import signal
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import httpx

from candlewatch.database import Database
from candlewatch.database.connection import open_connection
from candlewatch.errors import DatabaseUnavailable
from candlewatch.runs.deadline import Deadline
from candlewatch.runs.evaluate import run_evaluate
from candlewatch.runs.evaluator import Evaluator

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime
    from uuid import UUID

STEPS: Final = ("after_claim", "after_load", "before_complete", "after_complete", "never")


@dataclass(frozen=True)
class Fate:
    """What will happen to a worker.

    Attributes:
        step: where it kills itself.
        at: at which passing of that step, from 1.
        lost: share of answers that are lost after the database has committed.
        seed: of the losses.
        lease_seconds: of its claims.
        jobs: of one claim.
    """

    step: str
    at: int
    lost: float
    seed: int
    lease_seconds: float
    jobs: int


class LossyTransport(httpx.BaseTransport):
    """Requests arrive and are carried out; some answers never come back."""

    def __init__(self, lost: float, seed: int) -> None:
        self._carrier = httpx.HTTPTransport()
        self._lost = lost
        self._chance = random.Random(seed)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request; lose its answer now and then."""
        response = self._carrier.handle_request(request)
        if self._chance.random() < self._lost:
            response.read()
            raise httpx.ReadError("the answer was lost on its way", request=request)
        return response


class DoomedDatabase:
    """The worker functions, with death at a step."""

    def __init__(self, database: Database, fate: Fate) -> None:
        self._database = database
        self._fate = fate
        self._passed = 0

    def _reach(self, step: str) -> None:
        if step == self._fate.step:
            self._passed += 1
            if self._passed == self._fate.at:
                os.kill(os.getpid(), signal.SIGKILL)

    def claim_batch(
        self,
        token: UUID,
        worker: str,
        limit: int,
        cost_limit: float,
        lease_seconds: float,
    ) -> dict[str, Any]:
        """Claim few jobs for a short time, so that much can happen to them."""
        limit = min(limit, self._fate.jobs)
        lease_seconds = min(lease_seconds, self._fate.lease_seconds)
        batch = self._database.claim_batch(token, worker, limit, cost_limit, lease_seconds)
        if batch["jobs"]:
            self._reach("after_claim")
        return batch

    def load_frames(self, timeframe: str, since: datetime, until: datetime) -> bytes:
        """Load frames."""
        frames = self._database.load_frames(timeframe, since, until)
        self._reach("after_load")
        return frames

    def complete_batch(self, token: UUID, results: dict[str, Any]) -> dict[str, Any]:
        """Complete."""
        self._reach("before_complete")
        answer = self._database.complete_batch(token, results)
        self._reach("after_complete")
        return answer

    def release_batch(self, token: UUID) -> dict[str, Any]:
        """Release."""
        return self._database.release_batch(token)

    def enqueue_ready(self, limit: int) -> dict[str, Any]:
        """Enqueue."""
        return self._database.enqueue_ready(limit)

    def load_filters(self, ids: Sequence[int]) -> list[dict[str, Any]]:
        """Load filters."""
        return self._database.load_filters(ids)

    def load_watch(self, token: UUID) -> list[dict[str, Any]]:
        """Load what is watched."""
        return self._database.load_watch(token)

    def load_symbols(self) -> dict[str, Any]:
        """Load symbols."""
        return self._database.load_symbols()


def live(rest_url: str, token: str, fate: Fate) -> None:
    """Work until nothing is left, or until the fate is fulfilled."""
    connection = open_connection(rest_url, "", token, LossyTransport(fate.lost, fate.seed))
    doomed = DoomedDatabase(Database(connection), fate)
    with suppress(DatabaseUnavailable):  # the storm took the server away: others will go on
        run_evaluate(Evaluator(doomed), f"victim {os.getpid()}", Deadline.in_seconds(30))
