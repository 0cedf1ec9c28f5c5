"""`python -m tests.api.openapi`: write docs/openapi.json anew.

PostgREST describes rows and calls as a signed-in user may use them; the functions beside it are
described here. The form is PostgREST's: OpenAPI 2.0.
"""

from __future__ import annotations

import json
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import httpx
from tests.fixtures.database import open_database
from tests.fixtures.factories import make_account
from tests.fixtures.project import PROJECT
from tests.fixtures.rest import running_rest
from tests.fixtures.server import make_template, running_server

if TYPE_CHECKING:
    from tests.fixtures.rest import Rest

Json = dict[str, Any]

FILE: Final = PROJECT / "docs" / "openapi.json"
REST: Final = "/rest/v1"

_TEXT: Final = {"type": "string"}
_FILTER: Final = {
    "filter": {"type": "string", "maxLength": 4000, "description": "The filter's text."},
    "timeframe": {"type": "string", "default": "5m", "description": "Its candles."},
}
_BODIES: Final[dict[str, tuple[str, list[str], Json]]] = {
    "check": ("What a filter needs, or all that is wrong with it.", ["filter"], _FILTER),
    "preview": (
        "The matches of now and the signals of the last day, without saving.",
        ["filter"],
        {
            **_FILTER,
            "universe": {"type": "object", "default": {}, "description": "The symbols."},
            "emit": {
                "type": "string",
                "enum": ["on_entry", "every_candle"],
                "default": "on_entry",
            },
            "cooldown_candles": {"type": "integer", "minimum": 0, "maximum": 1000, "default": 0},
        },
    ),
    "explain": (
        "Why one of the caller's traders was silent.",
        ["trader"],
        {
            "trader": {"type": "string", "format": "uuid", "description": "Its id."},
            "candles": {"type": "integer", "minimum": 1, "maximum": 1440},
        },
    ),
}


def rest_description(rest: Rest, user: str) -> Json:
    """Return PostgREST's own description for a signed-in user."""
    token = rest.token("authenticated", sub=user, aud="authenticated", exp=4_000_000_000)
    answer = httpx.get(
        rest.url,
        headers={"Authorization": f"Bearer {token}", "Accept": "application/openapi+json"},
        trust_env=False,
    )
    answer.raise_for_status()
    described: Json = answer.json()
    return described


def description(rest: Rest, user: str) -> Json:
    """Return the whole API's description: the same for every run."""
    own = rest_description(rest, user)
    paths = {REST + path: item for path, item in own["paths"].items() if path != "/"}
    return {
        "swagger": "2.0",
        "info": {
            "title": "Candlewatch",
            "version": "1",
            "description": "Traders, signals and what they need; docs/api.md has examples.",
        },
        "basePath": "/",
        "schemes": ["https"],
        "consumes": ["application/json"],
        "produces": ["application/json"],
        "securityDefinitions": {
            "apikey": {"type": "apiKey", "name": "apikey", "in": "header"},
            "token": {"type": "apiKey", "name": "Authorization", "in": "header"},
        },
        "security": [{"apikey": [], "token": []}],
        "paths": {**paths, **function_paths(), **stream_path()},
        "parameters": own["parameters"],
        "definitions": {**own["definitions"], "error": error_shape()},
    }


def function_paths() -> Json:
    """Return the functions that stand beside the database."""
    refused = {"description": "Refused.", "schema": {"$ref": "#/definitions/error"}}
    answers = {"200": {"description": "OK", "schema": {"type": "object"}}, "default": refused}
    health = {
        "get": {"summary": "Whether the system keeps up.", "security": [], "responses": answers}
    }
    paths: Json = {"/functions/v1/health": health}
    for name, (summary, required, properties) in _BODIES.items():
        schema = {"type": "object", "required": required, "properties": properties}
        body = {"in": "body", "name": "body", "required": True, "schema": schema}
        post = {"summary": summary, "parameters": [body], "responses": answers}
        paths[f"/functions/v1/{name}"] = {"post": post}
    return paths


def stream_path() -> Json:
    """Return the stream of the local gateway."""
    last = {"in": "header", "name": "Last-Event-ID", "type": "string", "description": "A cursor."}
    first = {"in": "query", "name": "cursor", "type": "string", "description": "Where to begin."}
    return {
        "/signals/stream": {
            "get": {
                "summary": "Signals as server-sent events (local gateway).",
                "produces": ["text/event-stream"],
                "parameters": [last, first],
                "responses": {"200": {"description": "Events named signals."}},
            }
        }
    }


def error_shape() -> Json:
    """Return the shape of every error."""
    return {
        "type": "object",
        "required": ["code", "message", "hint", "details"],
        "properties": {"code": _TEXT, "message": _TEXT, "hint": _TEXT, "details": {}},
    }


def text_of(described: Json) -> str:
    """Return a description as it stands in the file."""
    return json.dumps(described, indent=1, sort_keys=True, ensure_ascii=False) + "\n"


def main() -> None:
    """Write the file."""
    with running_server() as server, tempfile.TemporaryDirectory() as folder:
        make_template(server)
        with (
            open_database(server, server.clone()) as database,
            running_rest(database, Path(folder)) as rest,
        ):
            user = str(make_account(database))
            FILE.write_text(text_of(description(rest, user)))


if __name__ == "__main__":
    main()
