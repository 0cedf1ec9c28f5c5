"""The candles that close at one instant: what an ingest works with and what it collects."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from candlewatch.runs.tasks import TaskDatabase
from candlewatch.settings import SYMBOL_SECONDS

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime
    from uuid import UUID

    from numpy.typing import NDArray

    from candlewatch.errors import ExchangeError
    from candlewatch.exchange.protocol import Exchange
    from candlewatch.runs.deadline import Deadline
    from candlewatch.timeframes import Timeframe


class IngestDatabase(TaskDatabase, Protocol):
    """The worker functions that an ingest calls."""

    def load_symbols(self) -> dict[str, Any]:
        """Return the symbols by position."""

    def load_frames(self, timeframe: str, since: datetime, until: datetime) -> bytes:
        """Return a stream of frames."""

    def publish_frames(
        self, token: UUID, task: int, closes_at: datetime, frames: Sequence[Mapping[str, Any]]
    ) -> dict[str, Any]:
        """Store and dispatch the frames that close at one instant; end the task."""


@dataclass(frozen=True)
class Ingest:
    """What one run works with.

    Attributes:
        database: the worker functions.
        exchange: where candles come from.
        deadline: of the run.
        sleep: waits some seconds.
    """

    database: IngestDatabase
    exchange: Exchange
    deadline: Deadline
    sleep: Callable[[float], None] = field(default=time.sleep)

    def seconds(self) -> float:
        """Seconds for one call."""
        return max(0.1, min(SYMBOL_SECONDS, self.deadline.left()))


@dataclass
class Close:
    """The candles that close at one instant.

    Attributes:
        timeframe: that is fetched.
        number: of the candle.
        symbols: position by name, of those that trade.
        values: shape (fields, positions), NaN where not known yet.
        before: shape (positions,), the last close that is known before this candle.
        refusal: why the exchange wants no more calls.
    """

    timeframe: Timeframe
    number: int
    symbols: dict[str, int]
    values: NDArray[np.float64]
    before: NDArray[np.float64]
    refusal: ExchangeError | None = None

    @property
    def closes_at(self) -> datetime:
        """When the candle closes."""
        return self.timeframe.open_of(self.number + 1)

    @property
    def missing(self) -> list[str]:
        """Symbols whose candle is not known yet."""
        return [name for name, row in self.symbols.items() if np.isnan(self.values[3, row])]
