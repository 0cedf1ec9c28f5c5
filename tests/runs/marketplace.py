"""A database behind PostgREST and a simulated exchange whose clocks stand at the same instant."""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final
from uuid import uuid4

from psycopg.types.json import Jsonb
from tests.fixtures.clock import set_clock
from tests.fixtures.factories import make_trader

from candlewatch.database import Database as Worker
from candlewatch.frames.packing import read_stream
from candlewatch.runs.check import run_check
from candlewatch.runs.deadline import Deadline
from candlewatch.runs.ingest import run_ingest
from candlewatch.runs.universe import run_universe
from candlewatch.timeframes import timeframe_named

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.exchange.staging import Stage
    from tests.fixtures.database import Database
    from tests.fixtures.rest import Rest

    from candlewatch.frames.window import Window

CLOSE: Final = datetime(2026, 3, 4, 12, tzinfo=UTC)
"""5m, 15m, 30m, 1h and 4h candles close at this instant."""


@dataclass
class Marketplace:
    """What a test of fetching runs plays with; `now` is the time of both clocks."""

    database: Database
    worker: Worker
    stage: Stage

    def move_to(self, now: datetime) -> None:
        """Put the market's clocks, the exchange's and the database's, to a time."""
        self.stage.exchange.clock.move_to(now)
        set_clock(self.database, "market_now", "stable", now)

    def advance(self, seconds: float) -> None:
        """Move both clocks on; what a run does where it would sleep."""
        self.move_to(self.stage.exchange.clock.now() + timedelta(seconds=seconds))

    def list_symbols(self) -> list[dict[str, Any]]:
        """Refresh the list of symbols; return it as functions see it."""
        self.add_task("universe", {})
        run_universe(self.worker, self.stage.client, "test", deadline())
        symbols: list[dict[str, Any]] = self.worker.load_symbols()["symbols"]
        return symbols

    def add_task(self, kind: str, payload: dict[str, Any]) -> None:
        """Add a task that is due."""
        self.database.run(
            "select candlewatch.add_task(%s, %s, %s)", [kind, str(uuid4()), Jsonb(payload)]
        )

    def ingest(self, *timeframes: str, closes_at: datetime = CLOSE) -> dict[str, int]:
        """Run an ingest of 5m candles that close at an instant."""
        payload = {
            "closes_at": closes_at.isoformat(),
            "base": "5m",
            "timeframes": ["5m", *timeframes],
        }
        self.add_task("ingest", payload)
        return run_ingest(self.worker, self.stage.client, "test", deadline(), self.advance)

    def frames(self, timeframe: str, count: int, closes_at: datetime = CLOSE) -> Window:
        """Return the newest stored frames up to a close."""
        length = timeframe_named(timeframe)
        last = length.index_of(closes_at) - 1
        first = last - count + 1
        stream = self.worker.load_frames(timeframe, length.open_of(first), length.open_of(last))
        rows = len(self.worker.load_symbols()["symbols"])
        return read_stream(stream, length, first, last, rows)

    def true_candles(self, timeframe: str, count: int, closes_at: datetime = CLOSE) -> Any:
        """Return the exchange's candles by position, shape (fields, positions, candles)."""
        length = timeframe_named(timeframe)
        last = length.index_of(closes_at) - 1
        source = self.stage.exchange.source
        rows = {symbol.name: row for row, symbol in enumerate(source.symbols)}
        order = [rows[item["symbol"]] for item in self.worker.load_symbols()["symbols"]]
        return source.candles(length, last - count + 1, last)[:, order]

    def tasks(self, kind: str) -> list[dict[str, Any]]:
        """Return state and reason of the tasks of a kind, oldest first."""
        rows = self.database.rows(
            "select t.state, t.reason from candlewatch.tasks as t where t.kind = %s order by t.id",
            [kind],
        )
        return [{"state": state, "reason": reason} for state, reason in rows]


def deadline(seconds: float = 60.0) -> Deadline:
    """Return a deadline that no test reaches."""
    return Deadline.in_seconds(seconds)


@contextmanager
def marketplace(database: Database, rest: Rest, stage: Stage) -> Iterator[Marketplace]:
    """Put them together, with a running trader that needs 5m candles."""
    worker = Worker.at(rest.url, "", rest.token("candlewatch_worker"))
    place = Marketplace(database, worker, stage)
    make_trader(database)
    run_check(worker, "test", deadline())
    place.move_to(CLOSE + timedelta(seconds=2))
    try:
        yield place
    finally:
        worker.connection.close()
