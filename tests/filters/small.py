"""A market of hand-written closes, for tests that say what a filter means candle by candle."""

from __future__ import annotations

import numpy as np

from candlewatch.errors import FilterRefused, Problem
from candlewatch.filters import compile_filter, replay
from candlewatch.frames.window import Market, Universe, Window
from candlewatch.timeframes import TIMEFRAMES

FIRST = 5_700_096
"""A 5m candle that opens at 00:00 UTC on a Sunday, 2024-03-10."""
NAN = float("nan")


def market_of(closes: dict[str, list[float]], longer: dict[str, Window] | None = None) -> Market:
    """Return a market whose prices are all the close, and whose volumes are 10."""
    rows = np.array(list(closes.values()), np.float64)
    volume = np.where(np.isnan(rows), NAN, 10.0)
    values = np.stack([rows, rows, rows, rows, volume, volume * rows])
    window = Window(TIMEFRAMES["5m"], FIRST, values, np.ones(rows.shape[1], np.int64))
    count = len(closes)
    universe = Universe(tuple(closes), np.ones(count, np.bool_), ("USDT",) * count, np.ones(count))
    return Market({"5m": window, **(longer or {})}, universe)


def answers(text: str, market: Market) -> list[str]:
    """Return by symbol what a filter is on every candle: T true, F false, ? unknown."""
    window = next(iter(market.windows.values()))
    compiled = compile_filter(text, window.timeframe)
    true, unknown = replay(compiled, market, window.first, window.last)
    assert not (true & unknown).any()
    return [
        "".join("T" if yes else "?" if open_ else "F" for yes, open_ in zip(*row, strict=True))
        for row in zip(true, unknown, strict=True)
    ]


def answer(text: str, *closes: float) -> str:
    """Return what a filter is on every candle of one symbol with these closes."""
    return answers(text, market_of({"A": list(closes)}))[0]


def problems(text: str, timeframe: str = "5m") -> tuple[Problem, ...]:
    """Return why a filter is refused; nothing where it is not."""
    try:
        compile_filter(text, TIMEFRAMES[timeframe])
    except FilterRefused as refusal:
        return refusal.problems
    return ()
