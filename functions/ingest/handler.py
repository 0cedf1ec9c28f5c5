"""Bring in the market: symbols, the candles that just closed, history."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from candlewatch.runs.environment import read_environment
from candlewatch.runs.invocation import Context, Invocation, connect
from candlewatch.runs.market import open_exchange, run_market

if TYPE_CHECKING:
    from collections.abc import Mapping

_environment = read_environment()
_database = connect(_environment)
_exchange = open_exchange(_environment, _database)
_invocation = Invocation("ingest", _environment, _database)
_invocation.stop_on_sigterm()


def handler(event: Mapping[str, Any], context: Context | None) -> dict[str, Any]:
    """Serve a wake (Lambda's payload 2.0) and answer with the counts of the run."""
    return _invocation.serve(
        event,
        context,
        lambda deadline: run_market(_database, _exchange, _environment.worker_name, deadline),
    )
