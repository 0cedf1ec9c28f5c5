"""What a warm evaluating function keeps: plans, frames and symbols, refreshed when they changed.

A plan is extended when a filter is first seen, never rebuilt; frames are kept by the cache, which
knows their revisions; symbols are loaded anew when their revision changed.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from candlewatch.filters import Plan, compile_filter
from candlewatch.frames.cache import FrameCache
from candlewatch.frames.window import Market, Universe
from candlewatch.settings import CACHE_BYTES, VALUES_PER_FILTER
from candlewatch.timeframes import Timeframe, timeframe_named

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime
    from uuid import UUID

    from numpy.typing import NDArray

    from candlewatch.filters import Evaluation


class EvaluateDatabase(Protocol):
    """The worker functions that an evaluation calls."""

    def claim_batch(
        self, token: UUID, worker: str, limit: int, cost_limit: float, lease_seconds: float
    ) -> dict[str, Any]:
        """Lease jobs."""

    def complete_batch(self, token: UUID, results: dict[str, Any]) -> dict[str, Any]:
        """Hand over results and end the lease."""

    def release_batch(self, token: UUID) -> dict[str, Any]:
        """Hand unfinished jobs back."""

    def enqueue_ready(self, limit: int) -> dict[str, Any]:
        """Turn open dispatches into jobs."""

    def load_filters(self, ids: Sequence[int]) -> list[dict[str, Any]]:
        """Return the texts of filters."""

    def load_watch(self, token: UUID) -> list[dict[str, Any]]:
        """Return where matches of a batch would be reported."""

    def load_symbols(self) -> dict[str, Any]:
        """Return the symbols by position."""

    def load_frames(self, timeframe: str, since: datetime, until: datetime) -> bytes:
        """Return a stream of frames."""


class Evaluator:
    """Evaluate filters on the frames of a database.

    Args:
        database: the worker functions.
        cache_bytes: what the cache of frames may hold.
    """

    def __init__(self, database: EvaluateDatabase, cache_bytes: int = CACHE_BYTES) -> None:
        self.database = database
        self._frames = FrameCache(database.load_frames, cache_bytes)
        self._plans: dict[str, Plan] = {}
        self._known: dict[str, set[int]] = {}
        self._universe = universe_of([])
        self._symbols_revision = -1
        self._repairs: dict[str, int] = {}

    def refresh(self, symbols_revision: int, repairs: dict[str, int]) -> None:
        """Take note of what changed in the database since the last batch."""
        if symbols_revision != self._symbols_revision:
            loaded = self.database.load_symbols()
            self._universe = universe_of(loaded["symbols"])
            self._symbols_revision = loaded["revision"]
        self._repairs = repairs

    def evaluate(
        self,
        timeframe: str,
        number: int,
        revision: int,
        filters: Sequence[int],
        watched: Mapping[int, str],
    ) -> list[dict[str, Any]]:
        """Evaluate filters on one candle.

        Args:
            timeframe: of the filters and the candle.
            number: the candle, counted from the epoch.
            revision: the least revision that its frame must have.
            filters: their numbers in the database.
            watched: per filter, a bit string of the symbols whose match would be reported.

        Returns:
            Per filter its bit strings `true` and `unknown` by symbol position, and `values` by
            position for the watched symbols that matched.

        Raises:
            FilterRefused: a text that was accepted once is not accepted by this version.
        """
        plan = self._plan_with(timeframe, filters)
        market = self._market(plan, timeframe_named(timeframe), number, revision)
        evaluation = plan.evaluate(market, number, filters)
        return [result_of(evaluation, number, watched.get(number, "")) for number in filters]

    def _plan_with(self, timeframe: str, filters: Sequence[int]) -> Plan:
        plan = self._plans.setdefault(timeframe, Plan(timeframe_named(timeframe)))
        known = self._known.setdefault(timeframe, set())
        new = [filter_id for filter_id in filters if filter_id not in known]
        if new:
            loaded = self.database.load_filters(new)
            compiled = {
                item["id"]: compile_filter(item["source"], plan.timeframe) for item in loaded
            }
            plan.extend(compiled)
            known.update(compiled)
        return plan

    def _market(self, plan: Plan, base: Timeframe, number: int, revision: int) -> Market:
        universe = self._universe
        closes_at = base.open_of(number + 1)
        windows = {}
        for name, count in plan.needs().items():
            timeframe = timeframe_named(name)
            last = timeframe.index_of(closes_at) - 1
            windows[name] = self._frames.window(
                timeframe,
                last - count + 1,
                last,
                len(universe.names),
                revision=revision if name == base.name else 0,
                repairs=self._repairs.get(name, 0),
            )
        return Market(windows, universe)


def universe_of(symbols: Sequence[dict[str, Any]]) -> Universe:
    """Return the universe as `load_symbols` tells it, by position."""
    return Universe(
        names=tuple(item["symbol"] for item in symbols),
        trading=np.array([item["trading"] for item in symbols], dtype=np.bool_),
        quote_assets=tuple(item["quote_asset"] for item in symbols),
        quote_volumes=np.array([item["quote_volume"] or 0.0 for item in symbols], dtype=np.float64),
    )


def result_of(evaluation: Evaluation, filter_id: int, watched: str) -> dict[str, Any]:
    """Return one filter's result in the form that `complete_batch` takes.

    Values go with the symbols that may become signals: most that match have matched before, and
    theirs would be nine tenths of the message.
    """
    true = evaluation.true(filter_id)
    wanted = flags_of(watched)[: len(true)]
    positions = np.flatnonzero(true[: len(wanted)] & wanted)[:VALUES_PER_FILTER]
    values = evaluation.values(filter_id, positions) if len(positions) else {}
    return {
        "filter": filter_id,
        "true": bits(true),
        "unknown": bits(evaluation.unknown(filter_id)),
        "values": {str(position): known(named) for position, named in values.items()},
    }


def flags_of(text: str) -> NDArray[np.bool_]:
    """Return the flags of a bit string."""
    return np.equal(np.frombuffer(text.encode("ascii"), np.uint8), ord("1"))


def bits(flags: NDArray[np.bool_]) -> str:
    """Return flags as a bit string: character i is symbol position i."""
    return (flags.astype(np.uint8) + ord("0")).tobytes().decode("ascii")


def known(named: Mapping[str, float | bool | None]) -> dict[str, float | bool]:
    """Return the values that JSON can carry; what is not known is left out."""
    return {
        name: value for name, value in named.items() if value is not None and math.isfinite(value)
    }
