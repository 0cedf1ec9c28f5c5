"""How the simulated exchange counts: weight per minute, refusals, and who called in spite of one.

Source: Binance Spot API, REST, "IP Limits": over the limit 429, going on in spite of it 418.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

WEIGHTS: Final = {"klines": 2, "exchangeInfo": 20, "ticker/24hr": 80, "time": 1, "ping": 1}
"""By endpoint; `ticker/24hr` for one symbol weighs 2."""

_GRACE_SECONDS: Final = 0.5
"""Calls that were on their way when the refusal was sent are not held against the caller."""
_PATIENCE: Final = 200
"""Calls in spite of a 429 after which the address is banned."""
_BAN_SECONDS: Final = 120


@dataclass
class Accounts:
    """The book of one address; times are seconds since the epoch on the wall's clock.

    Attributes:
        limit: weight per minute.
        used: weight in this minute.
        peak: the most weight in any minute.
        calls: calls by endpoint.
        refused_until: nobody may call before; 0 for none.
        ignored: calls that came in spite of a refusal, after a grace of half a second.
        banned: how often the address was banned.
    """

    limit: int = 6_000
    used: int = 0
    peak: int = 0
    calls: dict[str, int] = field(default_factory=dict)
    refused_until: float = 0.0
    ignored: int = 0
    banned: int = 0
    _minute: int = -1
    _refused_at: float = 0.0
    _since_refusal: int = 0

    def count(self, endpoint: str, weight: int, now: float) -> tuple[int, int] | None:
        """Count a call; return status and Retry-After where it is refused."""
        if int(now) // 60 != self._minute:
            self._minute, self.used = int(now) // 60, 0
        self.calls[endpoint] = self.calls.get(endpoint, 0) + 1
        self.used += weight
        self.peak = max(self.peak, self.used)
        if now < self.refused_until:
            return self._in_spite(now)
        if self.used > self.limit:
            return self.refuse(429, 60 - int(now) % 60, now)
        return None

    def refuse(self, status: int, seconds: int, now: float) -> tuple[int, int]:
        """Refuse all calls for some seconds."""
        self.refused_until, self._refused_at, self._since_refusal = now + seconds, now, 0
        self.banned += status == 418  # noqa: PLR2004 (banned)
        return status, seconds

    def _in_spite(self, now: float) -> tuple[int, int]:
        self._since_refusal += 1
        self.ignored += now > self._refused_at + _GRACE_SECONDS
        if self._since_refusal > _PATIENCE:
            return self.refuse(418, _BAN_SECONDS, now)
        return 429, max(1, int(self.refused_until - now) + 1)
