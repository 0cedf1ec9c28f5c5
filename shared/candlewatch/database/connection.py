"""Calls of SQL functions through PostgREST, repeated where that helps, refused in our own terms.

    1. `Connection.call`   one POST on a pooled HTTP/1.1 connection
    2. `refusal`           an error answer becomes an error of ours by its code, never by its text
    3. `RetryPolicy`       no answer, or "later": again with full jitter, `Retry-After` wins
    4. `Breaker`           after several failures in a row nobody calls for a while, then one probes

Every call may be repeated: tokens are made by the caller, so that a lost answer loses nothing.
"""

from __future__ import annotations

import random
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import httpx

from candlewatch.database.breaker import Breaker
from candlewatch.database.refusals import refusal
from candlewatch.errors import DatabaseUnavailable
from candlewatch.retries import RetryPolicy
from candlewatch.settings import (
    DATABASE_ATTEMPTS,
    DATABASE_BACKOFF_BASE_SECONDS,
    DATABASE_BACKOFF_CAP_SECONDS,
    DATABASE_CALL_SECONDS,
    WORKER_POOL,
)

if TYPE_CHECKING:
    from collections.abc import Callable

DATABASE_RETRIES: Final = RetryPolicy(
    attempts=DATABASE_ATTEMPTS,
    base_seconds=DATABASE_BACKOFF_BASE_SECONDS,
    cap_seconds=DATABASE_BACKOFF_CAP_SECONDS,
    call_seconds=DATABASE_CALL_SECONDS,
)
_PROFILE: Final = "worker"
_BINARY: Final = "application/octet-stream"


@dataclass
class Connection:
    """A pooled connection to the worker functions.

    Attributes:
        client: with base address and credentials, see `open_connection`.
        retries: how often and how soon a call is repeated.
        breaker: sheds load while the database is gone.
        pause: waits so many seconds; tests replace it.
        uniform: a random number between two bounds; tests replace it.
    """

    client: httpx.Client
    retries: RetryPolicy = DATABASE_RETRIES
    breaker: Breaker = field(default_factory=Breaker)
    pause: Callable[[float], None] = time.sleep
    uniform: Callable[[float, float], float] = random.uniform

    def call(self, function: str, arguments: dict[str, Any]) -> Any:
        """Call a worker function and return its JSON value.

        Args:
            function: its name.
            arguments: by parameter name, as JSON can carry them.

        Raises:
            DatabaseUnavailable: no answer after all attempts; the call may have run.
            LeaseLost: the database says that the token is stale.
            RequestRefused: the database refuses the input.
        """
        response = self._send(function, arguments, "application/json")
        return response.json() if response.content else None

    def call_binary(self, function: str, arguments: dict[str, Any]) -> bytes:
        """Call a worker function that returns bytes; errors as in `call`."""
        return self._send(function, arguments, _BINARY).content

    def close(self) -> None:
        """Give the pooled connections back."""
        self.client.close()

    def _send(self, function: str, arguments: dict[str, Any], accept: str) -> httpx.Response:
        attempt = 1
        while True:
            try:
                return self._attempt(function, arguments, accept)
            except DatabaseUnavailable as error:
                if attempt >= self.retries.attempts:
                    raise
                wait = error.retry_after
                if wait is None:
                    wait = self.retries.pause(attempt, self.uniform)
                self.pause(min(wait, self.retries.cap_seconds))
                attempt += 1

    def _attempt(self, function: str, arguments: dict[str, Any], accept: str) -> httpx.Response:
        self.breaker.enter()
        try:
            response = self.client.post(
                f"/rpc/{function}", json=arguments, headers={"accept": accept}
            )
        except httpx.TransportError as exc:
            self.breaker.failed()
            raise DatabaseUnavailable(
                f"no answer to {function} from the database: {type(exc).__name__}"
            ) from exc
        if response.is_success:
            self.breaker.answered()
            return response
        error = refusal(function, response)
        if isinstance(error, DatabaseUnavailable):
            self.breaker.failed()
        else:
            self.breaker.answered()
        raise error


def open_connection(
    rest_url: str, api_key: str, token: str, transport: httpx.BaseTransport | None = None
) -> Connection:
    """Open a pooled connection; nothing is sent yet.

    Args:
        rest_url: address of PostgREST, `/rest/v1` included where a gateway stands before it.
        api_key: the publishable key.
        token: JWT of the role `candlewatch_worker`.
        transport: how requests travel; tests hand in their own.
    """
    limits = httpx.Limits(max_connections=WORKER_POOL, max_keepalive_connections=WORKER_POOL)
    client = httpx.Client(
        base_url=rest_url,
        headers={
            "apikey": api_key,
            "authorization": f"Bearer {token}",
            "content-profile": _PROFILE,
            "accept-profile": _PROFILE,
        },
        timeout=httpx.Timeout(DATABASE_CALL_SECONDS),
        limits=limits,
        transport=transport,
        trust_env=False,
    )
    return Connection(client)
