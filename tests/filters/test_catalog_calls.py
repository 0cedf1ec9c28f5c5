"""Every function of the catalog can be called from a filter, and never sees what comes later."""

from __future__ import annotations

import numpy as np
import pytest
from tests.filters.market import make_market
from tests.filters.small import problems

from candlewatch.filters import compile_filter, replay
from candlewatch.filters.words import ELEMENTWISE, OWN_FUNCTIONS
from candlewatch.frames.window import Market
from candlewatch.indicators.catalog import INDICATORS
from candlewatch.timeframes import TIMEFRAMES

BASE = TIMEFRAMES["5m"]
MARKET, NUMBER = make_market(9, 700, ("5m",), seed=11, broken=True)
CALLED = tuple(name for name in INDICATORS if name not in OWN_FUNCTIONS)
OWN = (
    "crossed_above(close, open)", "crossed_below(close, 100)", "rising(close, 12)",
    "falling(close, 2)", "highest(close, 30) > close", "lowest(close, 30) < close",
    "bars_since(close > open, 9) > 2", "change(close, 3) > 0", "change_pct(close, 3) > 0",
    "zscore(close, 20) > 0", "percent_rank(close, 20) > 50", "any(close > open, 20)",
    "all(close > low, 20)", "count(close > open, 20) > 9", "rank(close) < 3",
    "percentile(close) > 50", "market_mean(close) > 100", "of('BTCUSDT', close) > close",
)  # fmt: skip


def text_of(name: str) -> str:
    """Return a filter that compares the first and the last result of an indicator."""
    indicator = INDICATORS[name]
    two = "close, open" if "real0" in indicator.inputs else ""
    call = f"{name}({two})"
    results = [
        f"{call}.{output}" if len(indicator.outputs) > 1 else call for output in indicator.outputs
    ]
    if indicator.kind == "condition":
        return f"{results[0]} or not {results[-1]}"
    return f"{results[0]} > {results[0]}[1] or {results[-1]} > 0"


@pytest.mark.parametrize("text", [*(text_of(name) for name in CALLED), *OWN])
def test_truncating_later_candles_changes_nothing_earlier(text: str) -> None:
    compiled = compile_filter(text, BASE)
    cut = Market({"5m": MARKET.windows["5m"].until(NUMBER - 90)}, MARKET.universe)
    first, last = NUMBER - 130, NUMBER - 90

    whole = replay(compiled, MARKET, first, last)

    for now, later in zip(replay(compiled, cut, first, last), whole, strict=True):
        assert np.array_equal(now, later)


def test_most_functions_of_the_catalog_are_known_on_ordinary_candles() -> None:
    unknown = [
        name
        for name in CALLED
        if replay(compile_filter(text_of(name), BASE), MARKET, NUMBER, NUMBER)[1][0, 0]
    ]

    assert unknown == []


@pytest.mark.parametrize("name", ELEMENTWISE)
def test_functions_of_one_number_take_a_series_or_a_constant(name: str) -> None:
    assert problems(f"{name}(close / close) >= {name}(1)") == ()


def test_supertrend_and_sessions_exist_on_longer_timeframes_where_they_have_a_meaning() -> None:
    assert problems("at('1h', vwap()) > close") == ()
    assert problems("at('1d', vwap()) > close")[0].rule == "nesting"
    assert problems("vwap() > close", timeframe="1d")[0].rule == "parameter"
