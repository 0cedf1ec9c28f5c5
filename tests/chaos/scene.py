"""The stage: tenants with traders whose filters a few lines of Python can judge as well.

Every filter stands beside the plain function that says when it is true, so that what must have
happened can be computed without the engine and without the queue.
"""

from __future__ import annotations

import json
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

import numpy as np
from tests.fixtures.clock import set_clock
from tests.fixtures.factories import make_account, make_trader

from candlewatch.database import Database as Worker
from candlewatch.frames.packing import pack_text
from candlewatch.runs.check import run_check
from candlewatch.runs.deadline import Deadline

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Iterator
    from uuid import UUID

    from tests.fixtures.database import Database
    from tests.fixtures.rest import Rest

START: Final = datetime(2026, 1, 5, 12, tzinfo=UTC)
LENGTH: Final = timedelta(minutes=5)
SYMBOLS: Final = tuple(f"COIN{number:02}USDT" for number in range(24))


@dataclass(frozen=True)
class Candle:
    """One symbol's candle."""

    open: float
    high: float
    low: float
    close: float
    volume: float


FILTERS: Final[dict[str, Callable[[Candle, Candle | None], bool | None]]] = {
    "close > 100": lambda now, _: now.close > 100,
    "close > open": lambda now, _: now.close > now.open,
    "not (volume > 50)": lambda now, _: now.volume <= 50,
    "high - low > 4 and close < open": lambda now, _: (
        now.high - now.low > 4 and now.close < now.open
    ),
    "close < close[1]": lambda now, before: now.close < before.close if before else None,
    # What is not above now has not crossed, whatever was before.
    "crossed_above(close, 100)": lambda now, before: (
        False if now.close <= 100 else before.close <= 100 if before else None
    ),
    "volume > 60 or close > 101": lambda now, _: now.volume > 60 or now.close > 101,
}


@dataclass(frozen=True)
class Order:
    """A trader as the judge knows it."""

    trader: UUID
    filter: str
    universe: tuple[int, ...]


@dataclass
class Scene:
    """The stage after the curtain: traders that run, and the candles that were published.

    Attributes:
        database: direct connections, for the director alone.
        rest: PostgREST, through which all workers come.
        worker: a worker's connection of the director's own.
        orders: the traders.
        frames: published candles, float64, shape (fields, symbols); NaN is "not known".
    """

    database: Database
    rest: Rest
    worker: Worker
    orders: list[Order]
    frames: list[np.ndarray[tuple[int, ...], np.dtype[np.float64]]]
    chance: random.Random

    def publish(self) -> None:
        """Publish the next candle, whose slots then are due."""
        frame = next_frame(self.chance, self.frames[-1] if self.frames else None)
        closes_at = START + LENGTH * (len(self.frames) + 1)
        set_clock(self.database, "market_now", "stable", closes_at)
        published = [
            {
                "timeframe": "5m",
                "open_time": (closes_at - LENGTH).isoformat(),
                "values": pack_text(frame),
            }
        ]
        self.database.sql.execute(
            b"select candlewatch.publish(%s, %s::jsonb)", [closes_at, json.dumps(published)]
        )
        self.frames.append(frame)


@contextmanager
def set_scene(
    database: Database, rest: Rest, chance: random.Random, *, accounts: int, traders: int
) -> Iterator[Scene]:
    """List the symbols and start `accounts` x `traders` traders."""
    # Patience far beyond what is usual: here a job is killed on purpose, again and again.
    database.run(
        "update candlewatch.settings set attempts_limit = 1000, slots_per_job = 5, "
        "backoff_base_seconds = 0.05, backoff_cap_seconds = 0.2"
    )
    set_clock(database, "market_now", "stable", START)
    with closing(Worker.at(rest.url, "", rest.token("candlewatch_worker"))) as worker:
        list_symbols(worker)
        tenants = [make_account(database) for _ in range(accounts)]
        orders = [make_order(database, who, chance) for who in tenants for _ in range(traders)]
        run_check(worker, "director", Deadline.in_seconds(60))
        yield Scene(database, rest, worker, orders, [], chance)


def list_symbols(worker: Worker) -> None:
    """Store the symbols, all of them traded against USDT."""
    worker.store_symbols(
        [
            {
                "symbol": name,
                "base_asset": name.removesuffix("USDT"),
                "quote_asset": "USDT",
                "trading": True,
                "quote_volume": 1_000_000.0 - number,
            }
            for number, name in enumerate(SYMBOLS)
        ]
    )


def make_order(database: Database, account: UUID, chance: random.Random) -> Order:
    """Create one trader, half of them on a universe of their own."""
    text = chance.choice(list(FILTERS))
    positions = tuple(range(len(SYMBOLS)))
    universe = None
    if chance.random() < 0.5:
        positions = tuple(sorted(chance.sample(positions, 8)))
        universe = {"symbols": [SYMBOLS[position] for position in positions]}
    trader = make_trader(database, account=account, filter=text, universe=universe)
    return Order(trader, text, positions)


def next_frame(
    chance: random.Random, before: np.ndarray[tuple[int, ...], np.dtype[np.float64]] | None
) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    """Return a frame in which prices wander about 100 and some symbols are late (NaN)."""
    frame = np.empty((6, len(SYMBOLS)))
    for position in range(len(SYMBOLS)):
        was = 100.0 if before is None else before[3, position]
        opened = 100.0 if np.isnan(was) else float(was)
        closed = round(opened + chance.gauss(0, 2) + (100 - opened) * 0.1, 2)
        high = round(max(opened, closed) + chance.random() * 2, 2)
        low = round(min(opened, closed) - chance.random() * 2, 2)
        volume = round(chance.random() * 100, 2)
        frame[:, position] = (opened, high, low, closed, volume, volume * closed)
        if chance.random() < 0.05:
            frame[:, position] = np.nan
    return frame
