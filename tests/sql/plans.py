"""The plans by which Postgres really ran what a call did, also inside of functions."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Iterator
    from uuid import UUID

    from tests.fixtures.database import Database

Node = dict[str, Any]

_TELL: Final = """
load 'auto_explain';
set auto_explain.log_min_duration = 0;
set auto_explain.log_nested_statements = on;
set auto_explain.log_analyze = on;
set auto_explain.log_format = json;
set client_min_messages = log;
"""


def nodes_of(database: Database, statement: str, parameters: list[Any], user: UUID) -> list[Node]:
    """Run a statement as a signed-in user; return the nodes of all its plans, with their counts."""
    session = database.connect("supabase_admin")
    told: list[str] = []
    session.add_notice_handler(lambda notice: told.append(notice.message_primary or ""))
    claims = json.dumps({"role": "authenticated", "sub": str(user)})
    session.execute("select set_config('request.jwt.claims', %s, false)", [claims])
    session.execute(_TELL.encode())
    session.execute("set role authenticated")
    session.execute(statement.encode(), parameters)
    session.close()
    plans = [json.loads(text[text.index("{") :]) for text in told if "Query Text" in text]
    return [node for plan in plans for node in _walk(plan["Plan"])]


def _walk(node: Node) -> Iterator[Node]:
    yield node
    for child in node.get("Plans", []):
        yield from _walk(child)
