"""Answer whether the system keeps up: the database's own word, as a status for uptime checks.

Each answer leaves one line of log, by which whoever reads the logs notices that nothing ticks.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from candlewatch.errors import CallRefused
from candlewatch.runs.api import error_content, respond
from candlewatch.runs.invocation import log

if TYPE_CHECKING:
    from candlewatch.runs.api import People


def health(people: People, origin: str) -> dict[str, Any]:
    """Return a response in payload 2.0: 503 when nothing ticks or the database does not answer.

    Args:
        people: the API; this needs no user.
        origin: whose pages may read the answer.
    """
    try:
        facts: dict[str, Any] = people.read("", "/rpc/health")
    except CallRefused as refused:
        log("health", ticks=False, status="unreachable")
        return respond(503, error_content(refused), origin, refused.retry_after)
    ticks = facts["status"] != "stopped"
    log("health", ticks=ticks, status=facts["status"])
    return respond(200 if ticks else 503, facts, origin)
