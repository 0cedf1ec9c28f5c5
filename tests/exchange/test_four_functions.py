"""Once a refusal is noted, no function calls: only what asked for its permit before is on its way.

Four functions with eight threads each, on one database and one simulated exchange, in real time.
"""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final
from unittest import mock

from tests.exchange.staging import NOON, market, staged

from candlewatch.database import Database as Worker
from candlewatch.exchange import asking
from candlewatch.exchange.asking import Asker
from candlewatch.exchange.binance import BinanceExchange
from candlewatch.exchange.budget import DatabaseBudget, Grant, Permits
from candlewatch.exchange.fetch import Fetched, fetch_candles
from candlewatch.timeframes import TIMEFRAMES

if TYPE_CHECKING:
    from tests.exchange.staging import Stage
    from tests.fixtures.rest import Rest

FUNCTIONS: Final = 4
THREADS: Final = 8
ROUNDS: Final = 12
FIVE: Final = TIMEFRAMES["5m"]


@dataclass
class Log:
    """When permits were asked for and granted, calls arrived, and the refusal was noted."""

    granted: list[float] = field(default_factory=list)
    arrived: list[float] = field(default_factory=list)
    noted: list[float] = field(default_factory=list)

    def permits(self) -> type[Permits]:
        """Return permits that write down when one was asked for that was granted."""
        log = self

        class Logged(Permits):
            def take(self, weight: int, *, history: bool = False) -> Grant:
                asked_at = time.monotonic()
                grant = super().take(weight, history=history)
                if grant.granted:
                    log.granted.append(asked_at)
                return grant

            def close(self, *refusal: Any) -> None:
                super().close(*refusal)
                log.noted.append(time.monotonic())

        return Logged


def fetched_by_four(stack: ExitStack, rest: Rest, stage: Stage) -> list[Fetched]:
    """Fetch the same symbols many times with four functions at once."""
    last = FIVE.index_of(NOON) - 1
    names = [symbol.name for symbol in market().symbols]

    def function(_number: int) -> Fetched:
        worker = Worker.at(rest.url, "", rest.token("candlewatch_worker"))
        client = BinanceExchange(Asker(DatabaseBudget(worker), (stage.server.url,)))
        fetched = Fetched()
        try:
            for turn in range(ROUNDS):
                span = (last - turn, last)
                fetched = fetch_candles(client, names, FIVE, span, seconds=5, threads=THREADS)
                if fetched.closed:
                    break
        finally:
            client.close()
            worker.close()
        return fetched

    pool = stack.enter_context(ThreadPoolExecutor(FUNCTIONS))
    return list(pool.map(function, range(FUNCTIONS)))


def test_no_call_follows_a_refusal_but_what_was_on_its_way(rest: Rest) -> None:
    log = Log()
    with ExitStack() as stack:
        stage = stack.enter_context(staged())
        stage.exchange.latency = 0.02
        stage.script({"fault": "status", "status": 429, "retry_after": 60, "skip": 150, "times": 1})
        answer = stage.exchange.answer

        def arrive(*question: Any) -> Any:
            log.arrived.append(time.monotonic())
            return answer(*question)

        stack.enter_context(mock.patch.object(stage.exchange, "answer", arrive))
        stack.enter_context(mock.patch.object(asking, "Permits", log.permits()))

        results = fetched_by_four(stack, rest, stage)

    assert all(fetched.closed is not None for fetched in results)
    noted = min(log.noted)
    assert len(log.granted) > 150
    assert [asked_at - noted for asked_at in log.granted if asked_at > noted] == []
    assert len([moment for moment in log.arrived if moment > noted]) <= FUNCTIONS * THREADS
    assert len(log.arrived) < FUNCTIONS * ROUNDS * len(market().symbols)
