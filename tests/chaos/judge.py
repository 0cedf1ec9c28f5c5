"""The judge: which signals must exist, from the candles alone, and what of it is wrong.

It knows neither the engine nor the queue: per trader and symbol it walks over the candles in order
and remembers where the condition held.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from tests.chaos.scene import FILTERS, LENGTH, START, SYMBOLS, Candle

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime
    from uuid import UUID

    import numpy as np
    from tests.chaos.scene import Order, Scene

    Frame = np.ndarray[tuple[int, ...], np.dtype[np.float64]]

Signal = tuple["UUID", str, "datetime"]


@dataclass(frozen=True)
class Verdict:
    """What is wrong; all of it must be empty or zero.

    Attributes:
        missing: signals that must exist and do not.
        extra: signals that exist and must not.
        duplicates: signals that exist twice.
        unaccounted: slots that were due and did not end as done.
        overlaps: pairs of leases that held one job at the same time.
        violations: rows of `monitor.violations`.
    """

    missing: int
    extra: int
    duplicates: int
    unaccounted: int
    overlaps: int
    violations: list[tuple[str, ...]]

    @property
    def right(self) -> bool:
        """Whether nothing is wrong."""
        counts = (self.missing, self.extra, self.duplicates, self.unaccounted, self.overlaps)
        return not any(counts) and not self.violations


def candle_of(frame: Frame, position: int) -> Candle | None:
    """Return a symbol's candle, nothing where it is not known."""
    figures = [float(value) for value in frame[:5, position]]
    return None if any(math.isnan(figure) for figure in figures) else Candle(*figures)


def truth(text: str, now: Candle | None, before: Candle | None) -> bool | None:
    """Say whether a filter is true, false, or not known."""
    return None if now is None else FILTERS[text](now, before)


def entries(text: str, candles: Iterable[tuple[datetime, Candle | None]]) -> list[datetime]:
    """Return the candles, named by their open time, on which a symbol enters a condition."""
    found: list[datetime] = []
    holds = False
    before: Candle | None = None
    for opened_at, now in candles:
        verdict = truth(text, now, before)
        if verdict and not holds:
            found.append(opened_at)
        holds = holds if verdict is None else verdict
        before = now
    return found


def signals_of(order: Order, frames: list[Frame]) -> set[Signal]:
    """Return a trader's signals: each time a symbol enters the condition."""
    return {
        (order.trader, SYMBOLS[position], opened_at)
        for position in order.universe
        for opened_at in entries(
            order.filter,
            (
                (START + LENGTH * number, candle_of(frame, position))
                for number, frame in enumerate(frames)
            ),
        )
    }


def judge(scene: Scene) -> Verdict:
    """Compare what is in the database with what must be there."""
    must = set().union(*(signals_of(order, scene.frames) for order in scene.orders))
    rows = scene.database.rows("select trader_id, symbol, candle_at from public.signals")
    there: list[Signal] = [(trader, symbol, at) for trader, symbol, at in rows]
    due, done = scene.database.rows(
        "select sum(d.due_count)::int, sum(d.done_count)::int from monitor.dispatches as d"
    )[0]
    expected = len(scene.orders) * len(scene.frames)
    return Verdict(
        missing=len(must - set(there)),
        extra=len(set(there) - must),
        duplicates=len(there) - len(set(there)),
        unaccounted=abs(expected - due) + abs(expected - done),
        overlaps=scene.database.one(_OVERLAPS),
        violations=scene.database.rows("select v.* from monitor.violations as v"),
    )


_OVERLAPS = """
    with held as (
      select j as job_id, l.token, l.granted_at, least(l.lease_until, l.ended_at) as until
      from candlewatch.lease_log as l, unnest(l.job_ids) as j
    )
    select count(*)::int
    from held as a
    join held as b on b.job_id = a.job_id and b.token > a.token
    where a.granted_at < b.until and b.granted_at < a.until
"""
