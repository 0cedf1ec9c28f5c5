"""What a filter needs is arithmetic on its graph, and enough: less would change its answer."""

from __future__ import annotations

import numpy as np
import pytest
from tests.filters.market import make_market
from tests.filters.realistic import REALISTIC

from candlewatch.filters import Plan, compile_filter
from candlewatch.filters.requirements import aligned, requirements
from candlewatch.frames.window import Market, Window
from candlewatch.timeframes import TIMEFRAMES

BASE = TIMEFRAMES["5m"]


@pytest.mark.parametrize(
    ("text", "lookback"),
    [
        ("close > 1", {"5m": 0}),
        ("close[3] > 1", {"5m": 3}),
        ("close[3][4] > 1", {"5m": 7}),
        ("sma(close, 20) > 1", {"5m": 19}),
        ("sma(close, 20)[5] > 1", {"5m": 24}),
        ("sma(sma(close, 20), 10) > 1", {"5m": 28}),
        ("crossed_above(sma(close, 20), 3)", {"5m": 20}),
        ("highest(close, 50) > 1", {"5m": 49}),
        ("percent_rank(close, 50) > 1", {"5m": 50}),
        ("bars_since(close > 1, 50) > 1", {"5m": 50}),
        ("any(close > open, 3)", {"5m": 2}),
        ("any(close > open, 30)", {"5m": 29}),
        ("rising(close, 3)", {"5m": 3}),
        ("change(close, 12) > 1", {"5m": 12}),
        ("rsi(close, 14) > 1", {"5m": 14}),
        ("at('1h', close[3]) > 1", {"5m": 0, "1h": 3}),
        ("at('1h', close)[3] > 1", {"5m": 0, "1h": 1}),
        ("at('1h', close)[13] > 1", {"5m": 0, "1h": 2}),
        ("at('1h', sma(close, 20))[12] > 1", {"5m": 0, "1h": 20}),
        ("of('BTCUSDT', close[7]) > 1", {"5m": 7}),
        ("True", {"5m": 0}),
    ],
)
def test_lookback_adds_up(text: str, lookback: dict[str, int]) -> None:
    root = compile_filter(text, BASE).root

    assert requirements(root, "5m").lookback == lookback


def test_a_run_of_base_candles_sees_as_many_long_ones_as_can_begin_in_it() -> None:
    assert [aligned(candles, "5m", "1h") for candles in (1, 2, 13, 14, 25, 26)] == [
        1, 2, 2, 3, 3, 4,
    ]  # fmt: skip


def test_indicators_are_counted_once_for_equal_arguments_and_inputs() -> None:
    compiled = compile_filter("rsi(close, 14) > 30 and rsi(close, 14) < 70 and rsi() > 1", BASE)

    assert len(compiled.indicators) == 1


@pytest.mark.parametrize("text", REALISTIC)
def test_what_a_filter_needs_is_enough(text: str) -> None:
    market, number = make_market(12, 1700, seed=3)
    compiled = compile_filter(text, BASE)
    cut = Market(
        {name: _last(market.windows[name], count) for name, count in compiled.needs.items()},
        market.universe,
    )

    whole, part = (
        _evaluated(compiled, one, candle) for one, candle in ((market, number), (cut, number))
    )

    assert np.array_equal(whole, part)
    assert not whole[1].all()


def _last(window: Window, count: int) -> Window:
    return Window(
        window.timeframe,
        window.last - count + 1,
        window.values[:, :, -count:],
        window.revisions[-count:],
    )


def _evaluated(compiled: object, market: Market, number: int) -> np.ndarray:
    plan = Plan(BASE)
    plan.extend({1: compiled})  # type: ignore[dict-item]
    evaluation = plan.evaluate(market, number, [1])
    return np.stack([evaluation.true(1), evaluation.unknown(1)])
