"""An account over the public API: its traders and signals, for its user or for the operator.

The user's token sees the user's own rows; the operator's secret key sees all, so that every
question names the account.
"""

from __future__ import annotations

import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

import httpx

from candlewatch.errors import DatabaseUnavailable, RequestRefused, SetupError
from candlewatch.settings import (
    MOVING_CALL_SECONDS,
    MOVING_ROWS,
    MOVING_WAIT_SECONDS,
    MOVING_WAITS,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from datetime import datetime

_TRADER: Final = (
    "name,filter,timeframe,universe,enabled,emit,cooldown_candles,catch_up_candles,external_key"
)
_IDS: Final = 100
_RETRY_LATER: Final = 429

Row = dict[str, Any]


@dataclass(frozen=True)
class Account:
    """An account and the way to it.

    Attributes:
        client: with the API's address and credentials, see `open_account`.
        number: the account's id; empty for the token's own.
        pause: waits so many seconds; tests replace it.
    """

    client: httpx.Client
    number: str = ""
    pause: Callable[[float], None] = field(default=time.sleep)

    def facts(self) -> Row:
        """Return the account's id, tier and whether it is a shadow.

        Raises:
            SetupError: there is no such account.
            DatabaseError: here and in every other question: no answer, or a refusal.
        """
        found: list[Row] = self._get("accounts", {"select": "id,tier,shadow", **self._own("id")})
        if len(found) != 1:
            raise SetupError(
                f"there is no account {self.number}: the ids are those of the users"
                if self.number
                else "the token is of no account: sign in again"
            )
        return found[0]

    def traders(self) -> list[Row]:
        """Return all traders of the account."""
        question = {"select": f"id,{_TRADER}", "order": "id", **self._own("account_id")}
        return list(self._pages("traders", question))

    def listed(self) -> set[str]:
        """Return the symbols that the exchange lists."""
        question = {"select": "symbol", "order": "symbol"}
        return {row["symbol"] for row in self._pages("symbols", question)}

    def signals(self, since: datetime, until: datetime) -> Iterator[Row]:
        """Return the signals of candles that opened from `since` to `until`, both included."""
        return self._pages(
            "signals",
            {
                "select": "trader_id,symbol,timeframe,candle_at,shadow",
                "and": f"(candle_at.gte.{since.isoformat()},candle_at.lte.{until.isoformat()})",
                "order": "candle_at,trader_id,symbol,timeframe",
                **self._own("account_id"),
            },
        )

    def add_traders(self, rows: Sequence[Row]) -> list[str]:
        """Create traders, all or none, and return their ids."""
        owner = {"account_id": self.number} if self.number else {}
        made: list[Row] = self._send(
            "POST",
            "traders?select=id",
            [{**row, **owner} for row in rows],
            {"Prefer": "return=representation"},
        ).json()
        return [row["id"] for row in made]

    def remove_traders(self, ids: Sequence[str]) -> None:
        """Delete traders by their ids."""
        for start in range(0, len(ids), _IDS):
            self._send("DELETE", f"traders?id=in.({','.join(ids[start : start + _IDS])})")

    def _own(self, column: str) -> dict[str, str]:
        return {column: f"eq.{self.number}"} if self.number else {}

    def _get(self, table: str, question: Mapping[str, str]) -> list[Row]:
        rows: list[Row] = self._send("GET", f"{table}?{httpx.QueryParams(question)}").json()
        return rows

    def _pages(self, table: str, question: Mapping[str, str]) -> Iterator[Row]:
        offset = 0
        while True:
            place = {"limit": str(MOVING_ROWS), "offset": str(offset)}
            rows = self._get(table, {**question, **place})
            yield from rows
            if len(rows) < MOVING_ROWS:
                return
            offset += len(rows)

    def _send(
        self, verb: str, path: str, body: object = None, headers: Mapping[str, str] | None = None
    ) -> httpx.Response:
        for _ in range(MOVING_WAITS):
            answer = self._attempt(verb, path, body, headers)
            if answer.status_code != _RETRY_LATER:
                break
            self.pause(min(float(answer.headers.get("Retry-After", "1")), MOVING_WAIT_SECONDS))
        if not answer.is_success:
            raise RequestRefused(f"the API refuses it: {_sentence(answer)}")
        return answer

    def _attempt(
        self, verb: str, path: str, body: object, headers: Mapping[str, str] | None
    ) -> httpx.Response:
        try:
            return self.client.request(verb, f"/rest/v1/{path}", json=body, headers=headers)
        except httpx.HTTPError as exc:
            raise DatabaseUnavailable(
                f"the API at {self.client.base_url} gave no answer ({type(exc).__name__})"
            ) from exc


@contextmanager
def open_account(url: str, key: str, token: str, number: str = "") -> Iterator[Account]:
    """Give an account; nothing is asked yet.

    Args:
        url: of the API.
        key: the publishable key, or the operator's secret key.
        token: the user's; the operator has the secret key alone, and gives it here, too.
        number: the account's id, for the operator.
    """
    with httpx.Client(
        base_url=url,
        headers={"apikey": key, "Authorization": f"Bearer {token}"},
        timeout=MOVING_CALL_SECONDS,
        trust_env=False,
    ) as client:
        yield Account(client, number)


def _sentence(answer: httpx.Response) -> str:
    try:
        told = answer.json()
        hint = f" ({told['hint']})" if told.get("hint") else ""
        return f"{told['message']}{hint}"
    except (ValueError, KeyError, AttributeError):
        return f"status {answer.status_code}"
