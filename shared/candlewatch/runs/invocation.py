"""From an event to a run and back: who may wake a function, how long it may work, what it logs.

1. `parse`      the event (Lambda's payload 2.0) becomes headers and a body
2. `is_signed`  a wake without a right, fresh signature is answered with 401: that is all
3. `start_run`  the database learns that the function runs, and whether it started cold
4. the run      works until nothing is due or its deadline is near
5. `end_run`    counts and outcome become the run's row and one line of log
"""

from __future__ import annotations

import base64
import json
import signal
import sys
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Protocol

from candlewatch.database import Database
from candlewatch.errors import CandlewatchError
from candlewatch.runs.deadline import Deadline, Stop
from candlewatch.runs.signature import is_signed
from candlewatch.settings import RUN_MARGIN_SECONDS, RUN_SECONDS_DEFAULT

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from candlewatch.runs.environment import Environment


class Context(Protocol):
    """The part of a Lambda context that is used."""

    def get_remaining_time_in_millis(self) -> int:
        """Milliseconds until the host ends the call."""


class RunLog(Protocol):
    """The part of the database that keeps the book of runs."""

    def start_run(self, function: str, worker: str, *, cold: bool) -> int:
        """Return the number of the new run."""

    def end_run(self, run: int, outcome: str, counts: dict[str, int]) -> None:
        """Write down how the run ended."""


@dataclass(frozen=True)
class Request:
    """A parsed event: header names in lower case, body as text."""

    headers: Mapping[str, str]
    body: str


def parse(event: Mapping[str, Any]) -> Request:
    """Read Lambda's payload 2.0; a body that is not UTF-8 becomes one that no signature fits."""
    headers = {str(name).lower(): str(value) for name, value in event.get("headers", {}).items()}
    body = str(event.get("body") or "")
    if event.get("isBase64Encoded"):
        body = base64.b64decode(body).decode("utf-8", errors="replace")
    return Request(headers, body)


def answer(status: int, content: Mapping[str, Any]) -> dict[str, Any]:
    """Return a response in payload 2.0."""
    return {
        "statusCode": status,
        "headers": {"content-type": "application/json"},
        "body": json.dumps(content),
    }


def deadline_of(context: Context | None, stopping: Stop) -> Deadline:
    """Return when the run has to be over: the host's limit less the margin for finishing."""
    seconds = RUN_SECONDS_DEFAULT
    if context is not None:
        seconds = context.get_remaining_time_in_millis() / 1000
    return Deadline(time.monotonic() + seconds - RUN_MARGIN_SECONDS, stopping=stopping)


def log(event: str, **fields: object) -> None:
    """Write one line of JSON; fields are facts and counts, never payloads or secrets."""
    line = {"at": datetime.now(UTC).isoformat(timespec="milliseconds"), "event": event, **fields}
    sys.stdout.write(json.dumps(line, default=str) + "\n")
    sys.stdout.flush()


@dataclass
class Invocation:
    """A function in one process: its name, its environment and whether it has run before.

    Attributes:
        function: the function's name.
        environment: what the host told.
        runs: the book of runs.
        warm: whether this process has served a call before.
        stopping: set once the host asked to stop.
    """

    function: str
    environment: Environment
    runs: RunLog
    warm: bool = False
    stopping: Stop = field(default_factory=Stop)

    def stop_on_sigterm(self) -> None:
        """Stop claiming when the host says so. Nothing depends on it: leases end by themselves."""
        signal.signal(signal.SIGTERM, lambda _number, _frame: self.stopping.set())

    def serve(
        self,
        event: Mapping[str, Any],
        context: Context | None,
        run: Callable[[Deadline], dict[str, int]],
    ) -> dict[str, Any]:
        """Check the signature, run, and answer with the counts.

        Args:
            event: Lambda's payload 2.0.
            context: Lambda's context, or nothing where there is no limit.
            run: does the work and returns its counts.
        """
        request = parse(event)
        secret = self.environment.wake_secret.get_secret_value()
        if not is_signed(secret, request.headers, request.body, datetime.now(UTC)):
            return answer(401, {"message": "the wake is not signed, or its signature is too old"})
        return self._recorded(context, run)

    def _recorded(
        self, context: Context | None, run: Callable[[Deadline], dict[str, int]]
    ) -> dict[str, Any]:
        started = time.monotonic()
        cold, self.warm = not self.warm, True
        number = self.runs.start_run(self.function, self.environment.worker_name, cold=cold)
        try:
            counts = run(deadline_of(context, self.stopping))
        except Exception as error:
            # The one place where any error ends: it becomes the outcome of the run.
            reason = str(error) if isinstance(error, CandlewatchError) else type(error).__name__
            self.runs.end_run(number, f"failed: {reason}", {})
            self._summary(number, started, cold=cold, outcome="failed", reason=reason)
            if not isinstance(error, CandlewatchError):
                raise
            return answer(500, {"run": number, "message": reason})
        self.runs.end_run(number, "done", counts)
        self._summary(number, started, cold=cold, outcome="done", **counts)
        return answer(200, {"run": number, **counts})

    def _summary(self, number: int, started: float, **fields: object) -> None:
        seconds = round(time.monotonic() - started, 3)
        log("run_ended", function=self.function, run=number, seconds=seconds, **fields)


def connect(environment: Environment) -> Database:
    """Return the worker functions of the database that the environment names."""
    return Database.at(
        str(environment.api_url).rstrip("/") + "/rest/v1",
        environment.api_key.get_secret_value(),
        environment.worker_token.get_secret_value(),
    )
