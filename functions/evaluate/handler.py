"""Evaluate what is ready: claim batches, run the filters, complete."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from candlewatch.runs.environment import read_environment
from candlewatch.runs.evaluate import run_evaluate
from candlewatch.runs.evaluator import Evaluator
from candlewatch.runs.invocation import Context, Invocation, connect

if TYPE_CHECKING:
    from collections.abc import Mapping

_environment = read_environment()
_database = connect(_environment)
_invocation = Invocation("evaluate", _environment, _database)
_invocation.stop_on_sigterm()
_evaluator = Evaluator(_database)


def handler(event: Mapping[str, Any], context: Context | None) -> dict[str, Any]:
    """Serve a wake (Lambda's payload 2.0) and answer with the counts of the run."""
    return _invocation.serve(
        event,
        context,
        lambda deadline: run_evaluate(_evaluator, _environment.worker_name, deadline),
    )
