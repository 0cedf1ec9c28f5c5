"""Live equals replay to the bit on candles as the exchange published them.

The real candles lie beside the project (`../shared/data`) and in CI always do; a machine without
them checks the same on candles that are made.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
from tests.filters.market import make_market
from tests.filters.realistic import REALISTIC

from candlewatch.filters import Filter, Plan, compile_filter, replay
from candlewatch.frames.derive import derive
from candlewatch.frames.files import read_candles
from candlewatch.frames.window import Market, Universe, Window
from candlewatch.timeframes import TIMEFRAMES

if TYPE_CHECKING:
    from collections.abc import Iterable

REAL = Path(__file__).resolve().parents[3] / "shared" / "data" / "binance_spot_5m.parquet"
BASE = TIMEFRAMES["5m"]
DAY = 288


def candles_of(symbols: int) -> Window:
    """Return real 5m candles of so many pairs, the candle at which most end being the last."""
    if not REAL.exists():
        return make_market(symbols, 8 * DAY, ("5m",), seed=9)[0].windows["5m"]
    window = read_candles(REAL).window
    known = np.isfinite(window.field("close")).sum(axis=0)
    last = int(np.flatnonzero(known > known.max() // 2)[-1]) + window.first
    chosen = window.until(last)
    return Window(BASE, chosen.first, chosen.values[:, :symbols], chosen.revisions)


def market_until(window: Window, last: int) -> Market:
    """Return what was known when candle `last` had closed: nothing later, nor parts of it."""
    now = window.until(last)
    windows = {"5m": now, **{name: derive(now, TIMEFRAMES[name]) for name in ("1h", "4h")}}
    count = window.symbol_count
    names = ("BTCUSDT", *(f"S{place}USDT" for place in range(1, count)))
    universe = Universe(names, np.ones(count, np.bool_), ("USDT",) * count, np.ones(count))
    return Market(windows, universe)


def check(window: Window, filters: dict[int, Filter], moments: Iterable[int]) -> int:
    """Compare candle by candle with one replay; return how many matches there were."""
    asked = list(moments)
    first, last = min(asked), max(asked)
    whole = market_until(window, window.last)
    replayed = {one: replay(each, whole, first, last) for one, each in filters.items()}
    plan, matches = Plan(BASE), 0
    plan.extend(filters)
    for number in asked:
        evaluation = plan.evaluate(market_until(window, number), number, filters)
        for one, (true, unknown) in replayed.items():
            live = evaluation.true(one)
            assert np.array_equal(live, true[:, number - first]), (filters[one].source, number)
            assert np.array_equal(evaluation.unknown(one), unknown[:, number - first])
            matches += int(live.sum())
    return matches


def test_a_day_of_sixty_pairs_candle_by_candle_is_what_one_replay_says() -> None:
    window = candles_of(60)
    filters = {turn: compile_filter(text, BASE) for turn, text in enumerate(REALISTIC)}

    # Every seventh candle of the day, which meets each minute of the hour, and the last hour whole.
    moments = [
        *range(window.last - DAY, window.last - 12, 7),
        *range(window.last - 11, window.last + 1),
    ]
    matches = check(window, filters, moments)

    assert matches > len(moments)


def test_later_candles_change_nothing_earlier() -> None:
    window = candles_of(20)
    shorter = market_until(window, window.last - 100)
    whole = market_until(window, window.last)
    last = window.last - 100

    for text in REALISTIC:
        one = compile_filter(text, BASE)
        for cut, full in zip(
            replay(one, shorter, last - 50, last), replay(one, whole, last - 50, last), strict=True
        ):
            assert np.array_equal(cut, full), text


@pytest.mark.long
@pytest.mark.timeout(0)
def test_eight_days_of_all_pairs_candle_by_candle_are_what_one_replay_says() -> None:
    window = candles_of(379)
    filters = {turn: compile_filter(text, BASE) for turn, text in enumerate(REALISTIC)}

    assert check(window, filters, range(window.first, window.last + 1)) > 0
