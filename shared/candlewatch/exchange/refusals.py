"""From an HTTP status to an error that says what to do.

Source: Binance Spot API, REST, "General API Information": HTTP return codes, IP limits; "Error
codes" -1000 to -1016. The time of a `Retry-After` counts from the answer's own `Date`, so that the
clock of the machine that reads it does not matter.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import TYPE_CHECKING, Final

from candlewatch.errors import (
    ExchangeAnswerInvalid,
    ExchangeBanned,
    ExchangeError,
    ExchangeForbidden,
    ExchangeRefused,
    ExchangeThrottled,
    ExchangeUnavailable,
)
from candlewatch.exchange.budget import Count
from candlewatch.exchange.payload import read_error
from candlewatch.settings import BANNED_SECONDS, RETRY_AFTER_LIMIT_SECONDS, THROTTLED_SECONDS

if TYPE_CHECKING:
    import httpx

_TOO_MANY: Final = -1003
_CLOCKS_DIFFER: Final = timedelta(days=1)
"""By more no clock of ours is wrong; a date so far away is a mistake of the answer."""

_PASSING: Final = frozenset({-1000, -1001, -1006, -1007, -1008, -1016})
"""Codes that say "later": unknown, disconnected, unexpected, time-out, overload, closed."""


def refusal(response: httpx.Response, body: bytes, now: datetime) -> ExchangeError:
    """Return the error that an answer other than 200 stands for.

    Args:
        response: with status and headers.
        body: its content.
        now: aware time of this machine, used where the answer has no date.
    """
    status = response.status_code
    code, text = read_error(body)
    said = f"{response.request.url.host} answered {status}" + (f": {text}" if text else "")
    if status == 418:  # noqa: PLR2004 (the exchange's statuses, each with its sentence)
        return ExchangeBanned(f"{said} (banned)", retry_at=_retry_at(response, now, BANNED_SECONDS))
    if status == 429 or code == _TOO_MANY:  # noqa: PLR2004
        return ExchangeThrottled(said, retry_at=_retry_at(response, now, THROTTLED_SECONDS))
    if status in {403, 451}:
        why = "a firewall" if status == 403 else "the region"  # noqa: PLR2004
        return ExchangeForbidden(f"{said} ({why} forbids it)", status=status)
    if status >= 500 or status == 408 or code in _PASSING:  # noqa: PLR2004
        return ExchangeUnavailable(said)
    if status >= 400:  # noqa: PLR2004
        return ExchangeRefused(said, code=code)
    return ExchangeAnswerInvalid(f"{said}: a redirect or an empty answer is no market data")


def used_weight(response: httpx.Response, now: datetime) -> Count | None:
    """Return the weight that the exchange counted for our address in the minute of its answer.

    Args:
        response: with headers.
        now: aware time of this machine, used where the answer has no date.
    """
    text = response.headers.get("x-mbx-used-weight-1m", "")
    if not text.isascii() or not text.isdigit() or len(text) >= 10:  # noqa: PLR2004 (no weight)
        return None
    return Count(int(text), _date(response, now) or now)


def _retry_at(response: httpx.Response, now: datetime, default_seconds: float) -> datetime:
    text = response.headers.get("retry-after", "")
    seconds = float(text) if text.isascii() and text.isdigit() else default_seconds
    seconds = min(max(seconds, 1.0), RETRY_AFTER_LIMIT_SECONDS)
    date = _date(response, now)
    # The date has no fraction of a second: a second more is never too early.
    return (date + timedelta(seconds=1) if date else now) + timedelta(seconds=seconds)


def _date(response: httpx.Response, now: datetime) -> datetime | None:
    """Return the answer's date, none where it has none that can be right."""
    try:
        date = parsedate_to_datetime(response.headers.get("date", ""))
    except ValueError:
        return None
    date = date if date.tzinfo else date.replace(tzinfo=UTC)
    return date if abs(date - now) < _CLOCKS_DIFFER else None
