"""Check filters: those that wait for it (a signed wake), or the one that a user sends."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from candlewatch.runs.api import Call, People, serve_user
from candlewatch.runs.check import judge, run_check
from candlewatch.runs.environment import read_environment
from candlewatch.runs.invocation import Context, Invocation, connect, parse
from candlewatch.runs.signature import SIGNATURE_HEADER
from candlewatch.settings import CHECK_PATIENCE_SECONDS

if TYPE_CHECKING:
    from collections.abc import Mapping

_environment = read_environment()
_database = connect(_environment)
_people = People.at(_environment)
_invocation = Invocation("check", _environment, _database)
_invocation.stop_on_sigterm()


def handler(event: Mapping[str, Any], context: Context | None) -> dict[str, Any]:
    """Serve a wake with the counts of the run, or a user's call with what the filter needs."""
    if SIGNATURE_HEADER in parse(event).headers:
        return _invocation.serve(
            event,
            context,
            lambda deadline: run_check(
                _database, _environment.worker_name, deadline, CHECK_PATIENCE_SECONDS
            ),
        )
    return serve_user(event, _people, _environment.allowed_origin, _check)


def _check(call: Call) -> dict[str, Any]:
    return judge(call.text("filter"), call.timeframe().name)
