"""The signature of a wake: HMAC-SHA256 over its time and its body, with a secret from Vault.

A wake is a kick that may be lost or doubled; its signature keeps strangers away from functions.
"""

from __future__ import annotations

import hashlib
import hmac
from datetime import datetime
from typing import TYPE_CHECKING, Final

from candlewatch.settings import WAKE_WINDOW_SECONDS

if TYPE_CHECKING:
    from collections.abc import Mapping

TIME_HEADER: Final = "x-candlewatch-time"
SIGNATURE_HEADER: Final = "x-candlewatch-signature"


def sign(secret: str, time_text: str, body: str) -> str:
    """Return the hexadecimal signature of a body sent at `time_text` (ISO 8601)."""
    message = f"{time_text}.{body}".encode()
    return hmac.new(secret.encode(), message, hashlib.sha256).hexdigest()


def is_signed(secret: str, headers: Mapping[str, str], body: str, now: datetime) -> bool:
    """Tell whether headers carry a right signature that is younger than the replay window.

    Args:
        secret: the shared secret.
        headers: with lower-case names.
        body: the body as it came, before it is parsed.
        now: aware time of this reading.
    """
    time_text = headers.get(TIME_HEADER, "")
    given = headers.get(SIGNATURE_HEADER, "")
    try:
        sent_at = datetime.fromisoformat(time_text)
        age = abs((now - sent_at).total_seconds())
    except (ValueError, TypeError):
        return False
    expected = sign(secret, time_text, body)
    return age <= WAKE_WINDOW_SECONDS and hmac.compare_digest(expected.encode(), given.encode())
