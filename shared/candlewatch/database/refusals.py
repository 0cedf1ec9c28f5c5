"""Error answers of PostgREST in our own terms, by code and never by text.

Codes of our own are rows of `candlewatch.error_codes`; classes of SQLSTATE are those of Postgres'
manual, appendix A; codes that begin with PGRST are those of PostgREST's reference, "Errors".
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from candlewatch.errors import DatabaseError, DatabaseUnavailable, LeaseLost, RequestRefused

if TYPE_CHECKING:
    import httpx

_LEASE_LOST: Final = "CW001"
_PASSING_CLASSES: Final = ("08", "40", "53", "57", "55P03")
"""Connection lost, rolled back, out of resources, stopped by the operator, waited for a lock."""

_PASSING_CODES: Final = ("25006", "PGRST000", "PGRST001", "PGRST002", "PGRST003", "PGRST202")
"""Read-only (a failover), no connection, no schema cache yet, and a cache before a migration."""

_PASSING_STATUS: Final = (400, 429, 500, 502, 503, 504)
"""Without any code; PostgREST answers 400 like this when its connection broke during the call."""


def refusal(function: str, response: httpx.Response) -> DatabaseError:
    """Return the error that an answer means; the sentence is the database's where it is ours.

    Args:
        function: what was called.
        response: an answer that is no success.
    """
    body = _body(response)
    code = str(body.get("code") or "")
    text = str(body.get("message") or f"status {response.status_code}")
    message = f"{function} was refused: {text}"
    if code == _LEASE_LOST:
        return LeaseLost(message, code=code, hint=str(body.get("hint") or ""))
    passing = code.startswith(_PASSING_CLASSES) or code in _PASSING_CODES
    if passing or (not code and response.status_code in _PASSING_STATUS):
        wait = _retry_after(response)
        return DatabaseUnavailable(f"{function} has to wait: {text}", code=code, retry_after=wait)
    return RequestRefused(message, code=code, hint=str(body.get("hint") or ""))


def _body(response: httpx.Response) -> dict[str, Any]:
    try:
        body = response.json()
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


def _retry_after(response: httpx.Response) -> float | None:
    text = response.headers.get("retry-after", "")
    return float(text) if text.isdecimal() else None
