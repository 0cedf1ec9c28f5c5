"""A user's call of a function: who is calling, what is asked, one shape for every refusal.

1. `read_call`      method, size, token and JSON body of the event
2. `People.admit`   the database decides, as that user: token, bans, rate limit
3. the function works
4. `serve_user`     an error becomes {"code", "message", "hint", "details"} with its status, as the
   SQL API answers

No key is needed to verify a token: a question with it is put to the API, which verifies it.
"""

from __future__ import annotations

import json
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import httpx

from candlewatch.errors import CallRefused, DatabaseUnavailable, FilterRefused
from candlewatch.runs.invocation import log, parse
from candlewatch.settings import CALL_BYTES_MAX, USER_CALL_SECONDS
from candlewatch.timeframes import timeframe_named

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from candlewatch.runs.environment import Environment
    from candlewatch.timeframes import Timeframe

_RIGHT_MISSING: Final = "42501"
_NOBODY: Final = "the call needs a signed-in user"


@dataclass(frozen=True)
class Call:
    """A call that may be served: the user's token, and the body as a JSON object."""

    token: str
    body: Mapping[str, Any]

    def text(self, name: str, default: str | None = None) -> str:
        """Return a text of the body; refuse the call where it is missing."""
        value = self.body.get(name, default)
        if not isinstance(value, str) or not value:
            raise CallRefused(
                400, "CW002", f'the body needs "{name}", a text', 'send {"filter": "close > open"}'
                if name == "filter" else "",
            )  # fmt: skip
        return value

    def number(self, name: str, default: int, low: int, high: int) -> int:
        """Return a whole number of the body within bounds."""
        value = self.body.get(name, default)
        if type(value) is not int or not low <= value <= high:
            message = f'"{name}" is a whole number from {low:,} to {high:,}, got {value!r:.40}'
            raise CallRefused(400, "CW002", message)
        return value

    def timeframe(self) -> Timeframe:
        """Return the timeframe of the body, 5m where it names none."""
        try:
            return timeframe_named(self.text("timeframe", "5m")[:40])
        except ValueError as exc:
            raise CallRefused(400, "CW002", str(exc)) from exc


@dataclass(frozen=True)
class People:
    """The API as signed-in users see it; row level security decides what each gets.

    Attributes:
        client: with the API's address and the publishable key, and no token of its own.
    """

    client: httpx.Client = field(repr=False)

    @classmethod
    def at(cls, environment: Environment, transport: httpx.BaseTransport | None = None) -> People:
        """Return the API that the environment names; tests hand in their own transport."""
        return cls(
            httpx.Client(
                base_url=str(environment.api_url).rstrip("/") + "/rest/v1",
                headers={"apikey": environment.api_key.get_secret_value()},
                timeout=USER_CALL_SECONDS,
                transport=transport,
                trust_env=False,
            )
        )

    def admit(self, token: str) -> None:
        """Let the database verify the token and count the call.

        A change of no row at all passes every check of a change: token, ban, right, rate limit.

        Raises:
            CallRefused: the database's own refusal (401, 403, 429), or 503 without an answer.
        """
        self._send("PATCH", "/traders?id=is.null", token, {"enabled": True})

    def read(self, token: str, path: str) -> Any:
        """Return what the user sees under a path of the API; errors as in `admit`."""
        return self._send("GET", path, token).json()

    def count(self, token: str, path: str) -> int:
        """Return how many rows the user sees under a path."""
        answer = self._send("GET", path, token, prefer="count=exact")
        return int(answer.headers["content-range"].rpartition("/")[2])

    def _send(
        self, method: str, path: str, token: str, body: Any = None, prefer: str = "return=minimal"
    ) -> httpx.Response:
        headers = {"prefer": prefer}
        if token:
            headers["authorization"] = f"Bearer {token}"
        try:
            answer = self.client.request(method, path, json=body, headers=headers)
        except httpx.TransportError as exc:
            raise _unavailable() from exc
        if answer.is_success:
            return answer
        raise _refusal(answer)


def _unavailable() -> CallRefused:
    return CallRefused(
        503, "57P03", "the database does not answer", "try again", retry_after="1"
    )  # fmt: skip


def _refusal(answer: httpx.Response) -> CallRefused:
    try:
        said = answer.json()
    except ValueError:
        said = {}
    said = said if isinstance(said, dict) else {}
    code = str(said.get("code") or "")
    if answer.status_code >= httpx.codes.INTERNAL_SERVER_ERROR:
        return _unavailable()
    if answer.status_code == httpx.codes.UNAUTHORIZED and code in ("", _RIGHT_MISSING):
        return CallRefused(401, "CW009", _NOBODY, "sign in and send the user's token")
    return CallRefused(
        answer.status_code,
        code or "CW002",
        str(said.get("message") or "the call was refused"),
        str(said.get("hint") or ""),
        said.get("details"),
        answer.headers.get("retry-after", ""),
    )


def read_call(event: Mapping[str, Any]) -> Call:
    """Read a user's call.

    Raises:
        CallRefused: it is too large, carries no token, or its body is no JSON object.
    """
    request = parse(event)
    if len(request.body.encode()) > CALL_BYTES_MAX:
        message = f"a request has at most {CALL_BYTES_MAX} bytes"
        raise CallRefused(413, "CW010", message, "send less at once")
    kind, _, token = request.headers.get("authorization", "").partition(" ")
    if kind.lower() != "bearer" or not token.strip() or not token.isascii():
        raise CallRefused(401, "CW009", _NOBODY, "send Authorization: Bearer and the user's token")
    if method_of(event) != "POST":
        raise CallRefused(405, "CW002", "this is called by POST", "send a POST with a JSON body")
    try:
        body = json.loads(request.body)
    except (ValueError, RecursionError) as exc:
        raise CallRefused(400, "CW002", "the body is no JSON", "send a JSON object") from exc
    if not isinstance(body, dict):
        raise CallRefused(400, "CW002", "the body is no JSON object", "send a JSON object")
    return Call(token.strip(), body)


def method_of(event: Mapping[str, Any]) -> str:
    """Return the HTTP method of an event in payload 2.0."""
    return str(event.get("requestContext", {}).get("http", {}).get("method", "POST")).upper()


def serve_user(
    event: Mapping[str, Any], people: People, origin: str, work: Callable[[Call], dict[str, Any]]
) -> dict[str, Any]:
    """Admit the caller, work, and answer.

    Args:
        event: Lambda's payload 2.0.
        people: the API as users see it.
        origin: whose pages may read the answer.
        work: does what the call asks and returns the answer's content.
    """
    if method_of(event) == "OPTIONS":
        return respond(204, None, origin)
    started = time.monotonic()
    try:
        call = read_call(event)
        people.admit(call.token)
        status, content, retry_after = 200, work(call), ""
    except (CallRefused, FilterRefused, DatabaseUnavailable) as error:
        refused = _as_refused(error)
        status, content, retry_after = refused.status, error_content(refused), refused.retry_after
    except Exception as error:  # noqa: BLE001 (the one place where any error ends)
        log("call_failed", error=type(error).__name__)
        refused = CallRefused(500, "XX000", "the call failed by a mistake of ours", "try again")
        status, content, retry_after = 500, error_content(refused), ""
    path = str(event.get("rawPath", ""))[:100]
    log("call_ended", path=path, status=status, seconds=round(time.monotonic() - started, 3))
    return respond(status, content, origin, retry_after)


def _as_refused(error: CallRefused | FilterRefused | DatabaseUnavailable) -> CallRefused:
    if isinstance(error, CallRefused):
        return error
    if isinstance(error, DatabaseUnavailable):
        return _unavailable()
    problems = [vars(problem) for problem in error.problems]
    first = error.problems[0]
    message = f"line {first.line}, column {first.column}: {first.message}"
    return CallRefused(400, "CW002", message, first.hint, problems)


def error_content(refused: CallRefused) -> dict[str, Any]:
    """Return a refusal in the shape of all errors."""
    return {
        "code": refused.code,
        "message": str(refused),
        "hint": refused.hint or None,
        "details": refused.details,
    }


def respond(
    status: int, content: dict[str, Any] | None, origin: str, retry_after: str = ""
) -> dict[str, Any]:
    """Return a response in payload 2.0 that browsers' pages of the origin may read."""
    headers = {
        "content-type": "application/json",
        "access-control-allow-origin": origin,
        "access-control-allow-headers": "authorization, apikey, content-type, x-client-info",
        "access-control-allow-methods": "GET, POST, OPTIONS",
        "access-control-expose-headers": "Retry-After",
    }
    if retry_after:
        headers["retry-after"] = retry_after
    body = "" if content is None else json.dumps(content)
    return {"statusCode": status, "headers": headers, "body": body}
