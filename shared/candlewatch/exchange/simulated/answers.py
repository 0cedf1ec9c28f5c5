"""From a request to an answer: endpoint, clock, accounts and fault script, without sockets."""

from __future__ import annotations

import gzip
import json
import time
from dataclasses import dataclass, field
from email.utils import formatdate
from typing import TYPE_CHECKING, Any, Final

from candlewatch.exchange.simulated.accounts import WEIGHTS, Accounts
from candlewatch.exchange.simulated.faults import spoiled
from candlewatch.exchange.simulated.market import MarketView, Refusal
from candlewatch.exchange.simulated.script import ROW_FAULTS, SYMBOL_FAULTS, Rule

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from candlewatch.exchange.simulated.clock import MarketClock
    from candlewatch.exchange.simulated.source import Source

_JSON: Final = "application/json;charset=UTF-8"
_BOMB_BYTES: Final = 64 << 20


@dataclass
class Answer:
    """An answer and how it goes over the wire.

    Attributes:
        status: of HTTP.
        body: content.
        headers: besides length, date and connection.
        delay: seconds before the first byte.
        drip: seconds between bytes of the body, 0 for all at once.
        keep: bytes of the body that are sent before the connection breaks; all where None.
    """

    status: int
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)
    delay: float = 0.0
    drip: float = 0.0
    keep: int | None = None


class SimulatedExchange:
    """Answers requests; not safe for several threads.

    Args:
        source: of the candles.
        clock: of the market.
        rules: the fault script.
        latency: seconds that every answer takes.
        wall: seconds since the epoch, for weights and refusals.
    """

    def __init__(
        self,
        source: Source,
        clock: MarketClock,
        rules: list[Rule] | None = None,
        *,
        latency: float = 0.0,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self.clock = clock
        self.rules = rules or []
        self.accounts = Accounts()
        self.latency = latency
        self.wall = wall
        self.source = source
        self._view = MarketView(source)

    def answer(self, endpoint: str, query: Mapping[str, str]) -> Answer:
        """Answer a question at `/api/v3/<endpoint>`."""
        now_ms = self.clock.now_ms()
        rules = [
            rule
            for rule in self.rules
            if rule.fault not in SYMBOL_FAULTS and rule.fires(endpoint, query, now_ms)
        ]
        weight = 2 if endpoint == "ticker/24hr" and "symbol" in query else WEIGHTS.get(endpoint, 1)
        refused = self.accounts.count(endpoint, weight, self.wall())
        if refused is not None:
            answer = self._refusal(*refused)
        else:
            answer = self._content(endpoint, query, self._market(rules, now_ms), rules)
        answer.headers["date"] = formatdate(self.wall(), usegmt=True)
        answer.headers["x-mbx-used-weight"] = str(self.accounts.used)
        answer.headers["x-mbx-used-weight-1m"] = str(self.accounts.used)
        answer.delay += self.latency
        for rule in rules:
            self._spoil(answer, rule)
        return answer

    def _market(self, rules: list[Rule], now_ms: int) -> int:
        """Apply what scripts do to symbols and to the clock; return the time that is shown."""
        self._view.statuses, self._view.names = {}, {}
        for rule in self.rules:
            if rule.fault in SYMBOL_FAULTS and rule.holds(now_ms):
                shown = self._view.statuses if rule.fault == "symbol_status" else self._view.names
                shown[rule.symbol] = rule.text
        ahead = sum(rule.seconds for rule in rules if rule.fault == "clock")
        return now_ms + int(ahead * 1000)

    def _content(
        self, endpoint: str, query: Mapping[str, str], now_ms: int, rules: list[Rule]
    ) -> Answer:
        try:
            body = self._body(endpoint, query, now_ms, rules)
        except Refusal as refused:
            return _error(400, refused.code, str(refused))
        if body is None:
            return _error(404, -1000, f"there is no endpoint {endpoint}")
        return Answer(200, body, {"content-type": _JSON})

    def _body(
        self, endpoint: str, query: Mapping[str, str], now_ms: int, rules: list[Rule]
    ) -> bytes | None:
        match endpoint:
            case "klines":
                faults = [rule for rule in rules if rule.fault in ROW_FAULTS]
                lines = spoiled(self._view.klines(query, now_ms), faults, now_ms)
                return b"[" + b",".join(lines) + b"]"
            case "exchangeInfo":
                return self._view.exchange_info(query, now_ms)
            case "ticker/24hr":
                return self._view.tickers(query, now_ms)
            case "time":
                return json.dumps({"serverTime": now_ms}).encode()
            case "ping":
                return b"{}"
        return None

    def _refusal(self, status: int, seconds: int) -> Answer:
        answer = _error(status, -1003, "Too much request weight used; please wait.")
        answer.headers["retry-after"] = str(seconds)
        return answer

    def _spoil(self, answer: Answer, rule: Rule) -> None:
        """Apply what a rule does to the answer as a whole."""
        if rule.fault == "status":
            self._scripted_status(answer, rule)
        elif rule.fault == "delay":
            answer.delay += rule.seconds
        elif rule.fault == "drip":
            answer.drip = rule.seconds
        elif rule.fault == "truncate":
            answer.body = answer.body[: len(answer.body) * 2 // 3]
        elif rule.fault == "reset":
            answer.keep = len(answer.body) // 2
        elif rule.fault == "body":
            answer.body = rule.text.encode()
        elif rule.fault == "bomb":
            answer.body = gzip.compress(b" " * _BOMB_BYTES, 9)
            answer.headers["content-encoding"] = "gzip"
        elif rule.fault == "weight":
            answer.headers["x-mbx-used-weight-1m"] = rule.text

    def _scripted_status(self, answer: Answer, rule: Rule) -> None:
        answer.status = int(rule.status)
        answer.body = json.dumps({"code": rule.code, "msg": "scripted refusal"}).encode()
        if rule.retry_after is not None:
            answer.headers["retry-after"] = str(rule.retry_after)
        if answer.status in {418, 429} and rule.retry_after is not None:
            self.accounts.refuse(answer.status, rule.retry_after, self.wall())


def _error(status: int, code: int, message: str) -> Answer:
    return Answer(
        status, json.dumps({"code": code, "msg": message}).encode(), {"content-type": _JSON}
    )


def describe(exchange: SimulatedExchange) -> dict[str, Any]:
    """Return the state of the exchange for the control endpoint."""
    anchor, accounts = exchange.clock.anchor(), exchange.accounts
    return {
        "market_time": exchange.clock.now().isoformat(),
        "anchor_market": anchor.market.isoformat(),
        "anchor_wall": anchor.wall.isoformat(),
        "speed": anchor.speed,
        "weight_peak": accounts.peak,
        "weight_used": accounts.used,
        "calls": accounts.calls,
        "ignored_refusals": accounts.ignored,
        "bans": accounts.banned,
        "rules": [rule.model_dump(mode="json", exclude_defaults=True) for rule in exchange.rules],
    }
