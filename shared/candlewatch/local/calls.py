"""Call a function of a running stack, signed as a wake is."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

import httpx

from candlewatch.runs.signature import SIGNATURE_HEADER, TIME_HEADER, sign

CALL_SECONDS: Final = 120.0
"""Longer than the host's own limit, so that its answer is what ends the call."""


def is_healthy(url: str) -> bool:
    """Whether the gateway answers."""
    try:
        return httpx.get(f"{url}/health", timeout=2.0, trust_env=False).is_success
    except httpx.HTTPError:
        return False


def call_function(url: str, secret: str, name: str, body: str) -> httpx.Response:
    """Send a signed body to a function and return its answer.

    Args:
        url: the API's address.
        secret: signs the call.
        name: of the function.
        body: JSON.

    Raises:
        httpx.HTTPError: the gateway gave no answer.
    """
    moment = datetime.now(UTC).isoformat()
    headers = {
        "Content-Type": "application/json",
        TIME_HEADER: moment,
        SIGNATURE_HEADER: sign(secret, moment, body),
    }
    return httpx.post(
        f"{url}/functions/v1/{name}",
        content=body,
        headers=headers,
        timeout=CALL_SECONDS,
        trust_env=False,
    )
