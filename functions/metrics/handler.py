"""The figures of the system for monitoring, to signed calls and to the bearer of its token."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from candlewatch.runs.environment import read_environment
from candlewatch.runs.invocation import Context, connect
from candlewatch.runs.metrics import metrics

if TYPE_CHECKING:
    from collections.abc import Mapping

_environment = read_environment()
_database = connect(_environment)


def handler(event: Mapping[str, Any], _context: Context | None) -> dict[str, Any]:
    """Answer (Lambda's payload 2.0) with every figure in the OpenMetrics text format."""
    return metrics(event, _environment, _database)
