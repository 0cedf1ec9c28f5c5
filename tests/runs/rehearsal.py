"""Days of a market on a driven clock: real database and exchange, four functions at once, faults.

    python -m tests.runs.rehearsal --days 7 --seed 3

Time moves only when somebody sleeps or when a round is over, and never while a call is on its way:
what was granted before a refusal has arrived before time goes on.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from threading import Condition, Thread
from typing import TYPE_CHECKING, Any, Final
from unittest import mock

import numpy as np
from tests.exchange.staging import Stage, market, staged
from tests.fixtures.database import open_database
from tests.fixtures.factories import make_trader
from tests.fixtures.rest import running_rest
from tests.fixtures.server import make_template, running_server
from tests.queue.moving_clock import MovingClock

from candlewatch.database import Database as Worker
from candlewatch.exchange.asking import Asker
from candlewatch.exchange.binance import BinanceExchange
from candlewatch.exchange.budget import DatabaseBudget, Grant, Permits
from candlewatch.exchange.question import Surroundings
from candlewatch.exchange.retries import RetryPolicy
from candlewatch.exchange.transport import DeadlineTransport
from candlewatch.frames.packing import read_stream
from candlewatch.runs.backfill import run_backfill
from candlewatch.runs.check import run_check
from candlewatch.runs.deadline import Deadline
from candlewatch.runs.ingest import run_ingest
from candlewatch.runs.universe import run_universe
from candlewatch.timeframes import TIMEFRAMES

if TYPE_CHECKING:
    import httpx
    from tests.fixtures.database import Database
    from tests.fixtures.rest import Rest

START: Final = datetime(2026, 3, 4, tzinfo=UTC)
FUNCTIONS: Final = 4
SYMBOLS: Final = 5
WEIGHT_LIMIT: Final = 120
"""Small enough to be reached: a refresh of the symbols weighs 100."""

FILTER: Final = 'close > open and at("1h", close > open) and at("4h", close > open)'
QUIET_HOURS: Final = 5
"""A 4h candle that was missed is planned again once the next one has closed."""

FAULTS: Final[list[dict[str, Any]]] = [
    {"fault": "status", "status": 429, "retry_after": 40, "endpoint": "klines", "times": 1},
    {"fault": "status", "status": 429, "retry_after": 90, "endpoint": "time", "times": 1},
    {"fault": "status", "status": 429, "endpoint": "klines", "times": 2},
    {"fault": "status", "status": 418, "retry_after": 300, "endpoint": "klines", "times": 1},
    {"fault": "status", "status": 504, "code": -1007, "endpoint": "klines", "symbol": "ETHUSDT"},
    {"fault": "status", "status": 451, "code": 0, "endpoint": "klines", "times": 1},
    {"fault": "reset", "endpoint": "klines", "times": 3},
    {"fault": "truncate", "endpoint": "klines", "symbol": "BTCUSDT"},
    {"fault": "body", "text": "<html>", "endpoint": "exchangeInfo", "hours": 1.1},
    {"fault": "body", "text": "[]", "endpoint": "time", "times": 2},
    {"fault": "bomb", "endpoint": "klines", "symbol": "SOLUSDT", "times": 2},
    {"fault": "late", "endpoint": "klines", "seconds": 4},
    {"fault": "late", "endpoint": "klines", "symbol": "BNBUSDT", "seconds": 200},
    {"fault": "gap", "endpoint": "klines", "symbol": "XRPUSDT"},
    {"fault": "missing", "endpoint": "klines", "symbol": "ETHUSDT"},
    {"fault": "misaligned", "endpoint": "klines", "symbol": "BTCUSDT"},
    {"fault": "nan", "endpoint": "klines", "symbol": "SOLUSDT"},
    {"fault": "absurd", "endpoint": "klines", "symbol": "BNBUSDT", "factor": 1000},
    {"fault": "unsorted", "endpoint": "klines", "symbol": "XRPUSDT"},
    {"fault": "clock", "seconds": -3},
    {"fault": "symbol_status", "symbol": "XRPUSDT", "text": "BREAK"},
    {"fault": "weight", "text": "110", "times": 3},
    {"fault": "status", "status": 503, "code": 0, "hours": 2},
]
"""Every one is played once a day, for half an hour unless it says otherwise."""


class Gate:
    """Counts calls that are on their way, and lets time move only when there is none."""

    def __init__(self) -> None:
        self.changed = Condition()
        self.calls = 0

    def count(self, change: int) -> None:
        with self.changed:
            self.calls += change
            self.changed.notify_all()


def gated(gate: Gate) -> type[Permits]:
    """Return permits by which a granted call counts as on its way."""

    class Gated(Permits):
        def take(self, weight: int, *, history: bool = False) -> Grant:
            gate.count(1)
            grant = super().take(weight, history=history)
            if not grant.granted:
                gate.count(-1)
            return grant

    return Gated


class GatedTransport(DeadlineTransport):
    """The client's transport; a call that was answered is no longer on its way."""

    def __init__(self, gate: Gate) -> None:
        super().__init__(8)
        self._gate = gate

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        try:
            return super().handle_request(request)
        finally:
            self._gate.count(-1)


@dataclass
class Function:
    """One of the functions that fetch, in a thread of its own."""

    worker: Worker
    client: BinanceExchange
    counts: dict[str, int] = field(default_factory=dict)
    problem: BaseException | None = None


class Rehearsal:
    """A database, an exchange and four functions on one driven clock."""

    def __init__(
        self, stack: ExitStack, database: Database, rest: Rest, *, seed: int, base: str = "15m"
    ) -> None:
        self.database = database
        self.timeframes = (base, "1h", "4h")
        self.gate = Gate()
        self.clock = MovingClock(database, START)
        source = market(9, SYMBOLS)
        self.stage: Stage = stack.enter_context(staged(source=source, now=START))
        self.stage.exchange.wall = self.seconds
        stack.enter_context(mock.patch("candlewatch.exchange.asking.Permits", gated(self.gate)))
        self.functions = [self._function(stack, rest, Random(seed + i)) for i in range(FUNCTIONS)]
        self._prepare()

    def _function(self, stack: ExitStack, rest: Rest, chance: Random) -> Function:
        worker = Worker.at(rest.url, "", rest.token("candlewatch_worker"))
        stack.callback(worker.connection.close)
        here = Surroundings(
            self.seconds,
            lambda: self.clock.moment,
            self.sleep,
            chance.uniform,
        )
        asker = Asker(
            DatabaseBudget(worker),
            (self.stage.server.url,),
            policy=RetryPolicy(attempts=2),
            transport=GatedTransport(self.gate),
            surroundings=here,
        )
        client = BinanceExchange(asker)
        stack.callback(client.close)
        return Function(worker, client)

    def _prepare(self) -> None:
        run = self.database.run
        run(
            "insert into candlewatch.exchange_states (source, weight_limit, minute_at, changed_at) "
            "values (%s, %s, %s, %s)",
            [self.stage.server.url, WEIGHT_LIMIT, START, START],
        )
        run("update candlewatch.settings set first_history_candles = 60, deep_history_candles = 60")
        make_trader(self.database, timeframe=self.timeframes[0], filter=FILTER)
        run_check(self.functions[0].worker, "test", Deadline.in_seconds(60))

    def seconds(self) -> float:
        """Return the time as seconds since the epoch."""
        return self.clock.moment.timestamp()

    def move_to(self, moment: datetime) -> None:
        """Move all clocks, once no call is on its way; never back."""
        with self.gate.changed:
            assert self.gate.changed.wait_for(lambda: self.gate.calls == 0, 20)
            if moment > self.clock.moment:
                self.clock.set(moment)
                self.stage.exchange.clock.move_to(moment)

    def sleep(self, seconds: float) -> None:
        """Let the time pass that a function would sleep."""
        self.move_to(self.clock.moment + timedelta(seconds=max(seconds, 0.001)))

    def play(self, days: int) -> None:
        """Play days with all faults, and quiet hours after them."""
        self.stage.script(*scheduled(days))
        base = TIMEFRAMES[self.timeframes[0]]
        end = START + timedelta(days=days, hours=QUIET_HOURS)
        while self.clock.moment < end:
            self.round()
            if self.open_tasks():
                self.sleep(45)
                self.round()
            due = base.floor(self.clock.moment) + base.length + timedelta(seconds=1)
            self.move_to(due)

    def round(self) -> None:
        """Tick, and run all functions at once."""
        self.database.run("select candlewatch.tick()")
        threads = [Thread(target=self._run, args=[function]) for function in self.functions]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        for function in self.functions:
            if function.problem is not None:
                raise function.problem

    def _run(self, function: Function) -> None:
        end = Deadline.in_seconds(50)
        worker, client = function.worker, function.client
        try:
            for counts in (
                run_universe(worker, client, "test", end),
                run_ingest(worker, client, "test", end, self.sleep),
                run_backfill(worker, client, "test", end),
            ):
                for name, number in counts.items():
                    function.counts[name] = function.counts.get(name, 0) + number
        except BaseException as problem:  # noqa: BLE001 (it is raised again by the round)
            function.problem = problem

    def open_tasks(self) -> int:
        """Return how many tasks are due soon."""
        return int(
            self.database.one(
                "select count(*) from candlewatch.tasks as t "
                "where t.state = 'ready' and t.due_at <= %s",
                [self.clock.moment + timedelta(seconds=45)],
            )
        )

    def wrong_candles(self, days: int) -> list[str]:
        """Return the candles of the days that are missing or not true."""
        return [line for name in self.timeframes for line in self._wrong(name, days)]

    def _wrong(self, timeframe: str, days: int) -> list[str]:
        length = TIMEFRAMES[timeframe]
        first, last = length.index_of(START), length.index_of(START + timedelta(days=days)) - 1
        worker = self.functions[0].worker
        listed = [item["symbol"] for item in worker.load_symbols()["symbols"]]
        stream = worker.load_frames(timeframe, length.open_of(first), length.open_of(last))
        stored = read_stream(stream, length, first, last, len(listed)).values
        source = self.stage.exchange.source
        rows = {symbol.name: row for row, symbol in enumerate(source.symbols)}
        true = source.candles(length, first, last)[:, [rows[name] for name in listed]]
        close = np.isclose(stored, true, rtol=1e-12, atol=0).all(axis=0)
        return [
            f"{timeframe} {listed[row]} {length.open_of(first + int(column)):%d %H:%M} "
            f"{stored[:, row, column]} for {true[:, row, column]}"
            for row, column in zip(*np.nonzero(~close), strict=True)
        ]

    def silent_faults(self) -> list[dict[str, Any]]:
        """Return the faults that never fired."""
        return [
            rule.model_dump(exclude_defaults=True)
            for rule in self.stage.exchange.rules
            if not rule.fired
        ]

    def counted(self, name: str) -> int:
        """Return a count over all functions."""
        return sum(function.counts.get(name, 0) for function in self.functions)


def scheduled(days: int) -> list[dict[str, Any]]:
    """Return the faults spread over the days, each with its beginning and its end."""
    rules = []
    for day in range(days):
        for number, fault in enumerate(FAULTS):
            after = START + timedelta(days=day, hours=24 * (number + 0.5) / (len(FAULTS) + 1))
            hours = fault.get("hours", 0.5)
            rule = {name: value for name, value in fault.items() if name != "hours"}
            rules.append(rule | {"after": after, "until": after + timedelta(hours=hours)})
    return rules


def main() -> int:
    """Play days from the command line; 1 when something is wrong."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--days", type=int, default=7)
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args()
    with ExitStack() as stack:
        server = stack.enter_context(running_server())
        make_template(server)
        database = stack.enter_context(open_database(server, server.clone()))
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        rest = stack.enter_context(running_rest(database, folder))
        rehearsal = Rehearsal(stack, database, rest, seed=chosen.seed)
        rehearsal.play(chosen.days)
        wrong = rehearsal.wrong_candles(chosen.days)
        accounts = rehearsal.stage.exchange.accounts
        print(f"wrong candles {wrong}, ignored {accounts.ignored}, peak {accounts.peak}")
    return 1 if wrong or accounts.ignored or accounts.peak > WEIGHT_LIMIT else 0


if __name__ == "__main__":
    sys.exit(main())
