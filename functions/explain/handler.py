"""Say why a trader was silent: how often each part of its filter held over the last day."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from candlewatch.runs.api import People, serve_user
from candlewatch.runs.environment import read_environment
from candlewatch.runs.explain import explain
from candlewatch.runs.invocation import Context, connect
from candlewatch.runs.view import View

if TYPE_CHECKING:
    from collections.abc import Mapping

_environment = read_environment()
_people = People.at(_environment)
_view = View(connect(_environment))


def handler(event: Mapping[str, Any], _context: Context | None) -> dict[str, Any]:
    """Serve a user's call (Lambda's payload 2.0) with how the parts of its trader's filter did."""
    return serve_user(
        event,
        _people,
        _environment.allowed_origin,
        lambda call: explain(call, _people, _view),
    )
