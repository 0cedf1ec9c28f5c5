"""Whether the system keeps up, for uptime checks: 200 while it does, 503 when it stopped."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from candlewatch.runs.api import People
from candlewatch.runs.environment import read_environment
from candlewatch.runs.health import health

if TYPE_CHECKING:
    from collections.abc import Mapping

    from candlewatch.runs.invocation import Context

_environment = read_environment()
_people = People.at(_environment)


def handler(_event: Mapping[str, Any], _context: Context | None) -> dict[str, Any]:
    """Answer anybody (Lambda's payload 2.0) with what the database says of itself."""
    return health(_people, _environment.allowed_origin)
