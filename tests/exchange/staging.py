"""A small simulated exchange on a held clock, its server, and a client that talks to it."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

import httpx

from candlewatch.exchange.asking import Asker
from candlewatch.exchange.binance import BinanceExchange
from candlewatch.exchange.budget import Budget, MemoryBudget
from candlewatch.exchange.retries import RetryPolicy
from candlewatch.exchange.simulated.answers import SimulatedExchange
from candlewatch.exchange.simulated.clock import MarketClock
from candlewatch.exchange.simulated.script import Rule
from candlewatch.exchange.simulated.server import Server, serving
from candlewatch.exchange.simulated.synthetic import SyntheticMarket

if TYPE_CHECKING:
    from collections.abc import Iterator

    from candlewatch.exchange.simulated.source import Source

NOON: Final = datetime(2026, 3, 4, 12, 0, 2, tzinfo=UTC)
"""Two seconds after a 4h candle closed."""

QUICK: Final = RetryPolicy(attempts=2, base_seconds=0.001, cap_seconds=0.002, call_seconds=10.0)

_markets: dict[tuple[int, int], SyntheticMarket] = {}


def market(seed: int = 5, count: int = 12) -> SyntheticMarket:
    """Return a synthetic market, made once per process: it never changes."""
    if (seed, count) not in _markets:
        _markets[seed, count] = SyntheticMarket(seed, count)
    return _markets[seed, count]


@dataclass
class Stage:
    """What a test of market data plays with."""

    exchange: SimulatedExchange
    server: Server
    client: BinanceExchange

    def script(self, *rules: dict[str, Any]) -> None:
        """Replace the fault script."""
        self.exchange.rules = [Rule(**rule) for rule in rules]

    def fired(self) -> list[int]:
        """Return how often each rule fired."""
        return [rule.fired for rule in self.exchange.rules]


@contextmanager
def staged(
    *,
    source: Source | None = None,
    now: datetime = NOON,
    budget: Budget | None = None,
    policy: RetryPolicy = QUICK,
) -> Iterator[Stage]:
    """Run a simulated exchange whose clock stands still."""
    clock = MarketClock(now)
    clock.hold()
    exchange = SimulatedExchange(source or market(), clock)
    with serving(exchange) as server:
        asker = Asker(budget or MemoryBudget(), (server.url,), policy=policy)
        client = BinanceExchange(asker)
        try:
            yield Stage(exchange, server, client)
        finally:
            client.close()


def control(server: Server, **order: object) -> dict[str, Any]:
    """Send an order to the control endpoint and return the state."""
    answer = httpx.post(f"{server.url}/control", json=order)
    answer.raise_for_status()
    state: dict[str, Any] = answer.json()
    return state
