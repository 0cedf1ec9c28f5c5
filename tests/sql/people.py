"""Somebody who sends requests: a signed-in user, a stranger, the operator, a function."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import httpx
from tests.fixtures.factories import make_account

if TYPE_CHECKING:
    from uuid import UUID

    from tests.fixtures.database import Database
    from tests.fixtures.rest import Rest

FAR: Final = 3600
"""Seconds until a good token ends."""
_CLIENT: Final = httpx.Client(timeout=30, trust_env=False)


@dataclass(frozen=True)
class Person:
    """Sends requests with one token; without a token it is a stranger with the public key alone."""

    url: str
    token: str | None
    schema: str = "public"
    user: UUID | None = None

    def send(
        self, verb: str, path: str, json: Any = None, headers: dict[str, str] | None = None
    ) -> httpx.Response:
        """Send one request; `path` as in `traders?select=id`."""
        profile = "Accept-Profile" if verb in ("GET", "HEAD") else "Content-Profile"
        own = {profile: self.schema, **(headers or {})}
        if self.token is not None:
            own["Authorization"] = f"Bearer {self.token}"
        return _CLIENT.request(verb, f"{self.url}/{path}", json=json, headers=own)

    def call(self, function: str, **arguments: Any) -> httpx.Response:
        """Call a function by POST."""
        return self.send("POST", f"rpc/{function}", arguments)

    def rows(self, path: str) -> list[dict[str, Any]]:
        """Return the rows of a GET that has to succeed."""
        answer = self.send("GET", path)
        assert answer.status_code == httpx.codes.OK, answer.text
        rows: list[dict[str, Any]] = answer.json()
        return rows


def sign_in(rest: Rest, user: UUID) -> Person:
    """Return a user with a good token, as Supabase Auth issues it."""
    token = rest.token(
        "authenticated", sub=str(user), aud="authenticated", exp=int(time.time()) + FAR
    )
    return Person(rest.url, token, user=user)


def sign_up(rest: Rest, database: Database, *, tier: str = "elite") -> Person:
    """Return a new user, signed in."""
    return sign_in(rest, make_account(database, tier=tier))


def stranger(rest: Rest) -> Person:
    """Return somebody with the public key alone."""
    return Person(rest.url, None)


def operator(rest: Rest) -> Person:
    """Return the operator's own program, with the secret key."""
    return Person(rest.url, rest.token("service_role", exp=int(time.time()) + FAR))


def worker(rest: Rest) -> Person:
    """Return a function with the narrow token."""
    token = rest.token("candlewatch_worker", exp=int(time.time()) + FAR)
    return Person(rest.url, token, schema="worker")


def refusal(answer: httpx.Response, status: int, code: str) -> dict[str, Any]:
    """Check the one shape of all errors, and return it."""
    assert answer.status_code == status, answer.text
    error: dict[str, Any] = answer.json()
    assert set(error) == {"code", "message", "hint", "details"}
    assert error["code"] == code
    assert error["message"]
    return error
