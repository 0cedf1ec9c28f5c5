"""HTTP to Lambda's payload 2.0 and back.

Source: AWS Lambda developer guide, "Invoking Lambda function URLs", request and response payloads.
"""

from __future__ import annotations

import base64
import json
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final
from uuid import uuid4

if TYPE_CHECKING:
    from collections.abc import Mapping

_CODES: Final = {401: "CW009", 404: "CW004", 413: "CW010", 429: "CW007"}
"""Our error codes by status; another refusal is a wrong input (CW002), a failure Postgres' own."""
_HINTS: Final = {
    400: "correct the request and send it again",
    401: "send the project's publishable key in the header apikey",
    404: "docs/api.md says what there is",
    411: "send the body with its length, not in chunks",
    413: "send less at once",
}
"""What to do, by status; a failure and a refusal for a time say to try again."""


@dataclass(frozen=True)
class Answer:
    """An HTTP response."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def error_answer(status: int, message: str, **headers: str) -> Answer:
    """Return an error in the shape that all errors of the API have."""
    server_error = status >= 500  # noqa: PLR2004 (the class of statuses)
    code = "57P03" if server_error else _CODES.get(status, "CW002")
    hint = "try again" if server_error or "Retry-After" in headers else _HINTS[status]
    content = {"code": code, "message": message, "hint": hint, "details": None}
    body = json.dumps(content).encode()
    return Answer(status, {"Content-Type": "application/json", **headers}, body)


def event_of(
    method: str, path: str, query: str, headers: Mapping[str, str], body: bytes
) -> dict[str, Any]:
    """Return an HTTP request in Lambda's payload 2.0."""
    now = datetime.now(UTC)
    text, encoded = _text_of(body)
    lower = {name.lower(): value for name, value in headers.items()}
    return {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": path,
        "rawQueryString": query,
        "headers": lower,
        "requestContext": {
            "accountId": "anonymous",
            "apiId": "local",
            "domainName": lower.get("host", "localhost"),
            "domainPrefix": "local",
            "http": {
                "method": method,
                "path": path,
                "protocol": "HTTP/1.1",
                "sourceIp": "127.0.0.1",
                "userAgent": lower.get("user-agent", ""),
            },
            "requestId": str(uuid4()),
            "routeKey": "$default",
            "stage": "$default",
            "time": now.strftime("%d/%b/%Y:%H:%M:%S +0000"),
            "timeEpoch": round(now.timestamp() * 1000),
        },
        "body": text,
        "isBase64Encoded": encoded,
    }


def answer_of(result: Any) -> Answer:
    """Return a handler's result as a response; a result without a status is a JSON body."""
    if not isinstance(result, dict) or "statusCode" not in result:
        return Answer(200, {"Content-Type": "application/json"}, json.dumps(result).encode())
    body = result.get("body") or ""
    data = base64.b64decode(body) if result.get("isBase64Encoded") else str(body).encode()
    headers = {"Content-Type": "application/json", **_titled(result.get("headers") or {})}
    return Answer(int(result["statusCode"]), headers, data)


def _text_of(body: bytes) -> tuple[str, bool]:
    try:
        return body.decode(), False
    except UnicodeDecodeError:
        return base64.b64encode(body).decode(), True


def _titled(headers: Mapping[str, Any]) -> dict[str, str]:
    return {str(name).title(): str(value) for name, value in headers.items()}
