"""The figures of the system in the OpenMetrics text format, which Prometheus and its kin read.

1. `may_read`   a signed call, or the bearer of the metrics token; anybody else gets a 401
2. `metrics`    the database's view of itself (`monitor.figures`) becomes text
3. `render`     figures of one name stand together, under what they mean

A figure that this version does not know is told all the same, without a meaning.

Source: OpenMetrics specification 1.0, "Text format".
"""

from __future__ import annotations

import hmac
from datetime import UTC, datetime
from itertools import groupby
from typing import TYPE_CHECKING, Any, Final, Protocol

from candlewatch.errors import DatabaseError
from candlewatch.runs.invocation import answer, log, parse
from candlewatch.runs.signature import is_signed

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from candlewatch.runs.environment import Environment
    from candlewatch.runs.invocation import Request

CONTENT_TYPE: Final = "application/openmetrics-text; version=1.0.0; charset=utf-8"

MEANINGS: Final = {
    "close_to_signal_seconds": (
        "summary",
        "From the close of a candle to its signals, over the last hour.",
    ),
    "cold_runs_last_hour": ("gauge", "Runs in a process that had just started."),
    "dispatches_to_enqueue": ("gauge", "Candles whose slots are not all turned into jobs yet."),
    "exchange_open": ("gauge", "1 while the source of market data answers us, 0 while it refuses."),
    "exchange_weight_limit": ("gauge", "Request weight that we allow ourselves a minute."),
    "exchange_weight_used": ("gauge", "Request weight used in this minute."),
    "findings_last_day": ("gauge", "Invariants found broken. Anything but 0 is wrong."),
    "last_done_age_seconds": ("gauge", "Since a run of the function ended well."),
    "leased_jobs": ("gauge", "Jobs that functions hold."),
    "leases": ("gauge", "Batches that functions hold; lapsed ones go back with the next tick."),
    "newest_candle_age_seconds": ("gauge", "Since the close of the newest stored candle."),
    "oldest_ready_age_seconds": ("gauge", "Since the close of the oldest candle that waits."),
    "ready_jobs": ("gauge", "Jobs that wait to be claimed."),
    "ready_slots": ("gauge", "Slots in the jobs that wait."),
    "retried_jobs": ("gauge", "Jobs that wait for their next attempt."),
    "run_seconds": ("summary", "How long runs took, over the last hour."),
    "running": ("gauge", "Runs that go on now."),
    "runs_last_hour": ("gauge", "Runs that ended, by outcome; lost ones never said how."),
    "schedule_age_seconds": ("gauge", "Since the schedule was served; the tick is one of them."),
    "signals_last_hour": ("gauge", "Signals of the candles of the last hour."),
    "slots_due_last_hour": ("gauge", "Slots of the candles of the last hour."),
    "slots_last_hour": ("gauge", "Slots of the last hour that ended, by outcome."),
    "suppressed_last_hour": ("gauge", "Matches over a cap or inside a cooldown."),
    "tasks": ("gauge", "Tasks that wait or are held, by kind."),
    "wakes": ("counter", "Wakes that were sent to the function."),
}
"""Type and meaning of each figure; the names in the text begin with `candlewatch_`."""


class Figures(Protocol):
    """The part of the database that knows the figures."""

    def metrics(self) -> list[dict[str, Any]]:
        """Return name, labels and value of every figure, those of one name together."""


def metrics(
    event: Mapping[str, Any], environment: Environment, database: Figures
) -> dict[str, Any]:
    """Return a response in payload 2.0: the text, 401 to strangers, 503 without the database.

    Args:
        event: Lambda's payload 2.0.
        environment: has the secret of wakes and the token of monitoring.
        database: the worker functions.
    """
    if not may_read(parse(event), environment, datetime.now(UTC)):
        return answer(401, {"message": "the call is not signed and has no metrics token"})
    try:
        figures = database.metrics()
    except DatabaseError as error:
        log("metrics_failed", reason=str(error))
        return answer(503, {"message": "the database does not tell its figures; try again"})
    return {"statusCode": 200, "headers": {"content-type": CONTENT_TYPE}, "body": render(figures)}


def may_read(request: Request, environment: Environment, now: datetime) -> bool:
    """Tell whether a call carries a right signature or the metrics token."""
    secret = environment.wake_secret.get_secret_value()
    if is_signed(secret, request.headers, request.body, now):
        return True
    if environment.metrics_token is None:
        return False
    given = request.headers.get("authorization", "").encode()
    expected = f"Bearer {environment.metrics_token.get_secret_value()}".encode()
    return hmac.compare_digest(expected, given)


def render(figures: Sequence[Mapping[str, Any]]) -> str:
    """Return figures as text; those of one name have to stand together."""
    lines = []
    for name, family in groupby(figures, lambda figure: str(figure["name"])):
        kind, meaning = MEANINGS.get(name, ("unknown", ""))
        lines.append(f"# TYPE candlewatch_{name} {kind}")
        if meaning:
            lines.append(f"# HELP candlewatch_{name} {meaning}")
        sample = f"candlewatch_{name}_total" if kind == "counter" else f"candlewatch_{name}"
        lines.extend(
            f"{sample}{_labels(figure['labels'])} {float(figure['value']):g}" for figure in family
        )
    return "\n".join([*lines, "# EOF", ""])


def _labels(labels: Mapping[str, Any]) -> str:
    if not labels:
        return ""
    pairs = (f'{name}="{_escaped(str(value))}"' for name, value in sorted(labels.items()))
    return "{" + ",".join(pairs) + "}"


def _escaped(value: str) -> str:
    return value.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
