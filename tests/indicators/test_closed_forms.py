"""On a straight rise and on steady growth an indicator is what its own definition works out to."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from tests.indicators.markets import Market, inputs_of

from candlewatch.indicators.catalog import INDICATORS

CANDLES = 600
GROWTH = 1.01

Expected = Callable[[float], float]


def rise() -> Market:
    """Return closes that rise by 1; a candle opens 0.5 below its close and ranges 1 around it."""
    close = 100 + np.arange(float(CANDLES))[np.newaxis]
    volume = np.full_like(close, 1000)
    return {
        "open": close - 0.5,
        "high": close + 1,
        "low": close - 1,
        "close": close,
        "volume": volume,
    }


def growth() -> Market:
    """Return candles without a range that grow by a hundredth each."""
    close = GROWTH ** np.arange(float(CANDLES))[np.newaxis]
    return {**dict.fromkeys(("open", "high", "low", "close"), close), "volume": np.ones_like(close)}


def grown(candles: int) -> float:
    return GROWTH**candles - 1


def lag(period: int) -> float:
    """Return the share of the price at which its exponential average stays in steady growth."""
    weight = 2 / (period + 1)
    return weight * GROWTH / (GROWTH - 1 + weight)


# Indicator, arguments, output, and its value when the newest close is c.
ON_A_RISE: tuple[tuple[str, tuple[float, ...], str, Expected], ...] = (
    ("trima", (9,), "trima", lambda c: c - 4),
    ("dema", (5,), "dema", lambda c: c),
    ("tema", (5,), "tema", lambda c: c),
    ("zlema", (5,), "zlema", lambda c: c),
    ("t3", (5, 0.7), "t3", lambda c: c - 3 * 2 * (1 - 0.7)),
    ("kama", (10,), "kama", lambda c: c - (1 - 4 / 9) / (4 / 9)),
    ("midpoint", (9,), "midpoint", lambda c: c - 4),
    ("kc", (20, 10, 2), "upper", lambda c: c - 9.5 + 2 * 2),
    ("supertrend", (10, 3), "value", lambda c: c - 3 * 2),
    ("ha", (), "close", lambda c: c - 0.125),
    ("avgprice", (), "avgprice", lambda c: c - 0.125),
    ("medprice", (), "medprice", lambda c: c),
    ("wclprice", (), "wclprice", lambda c: c),
    ("er", (10,), "er", lambda _: 1),
    ("cmo", (14,), "cmo", lambda _: 100),
    ("cmou", (14,), "cmou", lambda _: 100),
    ("imi", (14,), "imi", lambda _: 100),
    ("fosc", (5,), "fosc", lambda _: 0),
    ("bop", (), "bop", lambda _: 0.25),
    ("qstick", (10,), "qstick", lambda _: 0.5),
    ("stochf", (5, 3, 0), "k", lambda _: 100 * 5 / 6),
    ("stoch", (5, 3, 0, 3, 0), "d", lambda _: 100 * 5 / 6),
    ("eri", (13,), "bull", lambda _: 1 + 6),
    ("eri", (13,), "bear", lambda _: -1 + 6),
    ("aroon", (14,), "up", lambda _: 100),
    ("aroon", (14,), "down", lambda _: 0),
    ("aroonosc", (14,), "aroonosc", lambda _: 100),
    ("plus_dm", (14,), "plus_dm", lambda _: 14),
    ("plus_di", (14,), "plus_di", lambda _: 50),
    ("minus_di", (14,), "minus_di", lambda _: 0),
    ("vortex", (14,), "plus", lambda _: 1.5),
    ("vortex", (14,), "minus", lambda _: 0.5),
    ("atr", (14,), "atr", lambda _: 2),
    ("natr", (14,), "natr", lambda c: 100 * 2 / c),
    ("adr", (14,), "adr", lambda _: 2),
    ("massi", (9, 25), "massi", lambda _: 25),
    ("cvi", (10, 10), "cvi", lambda _: 0),
    ("mfi", (14,), "mfi", lambda _: 100),
    ("cmf", (20,), "cmf", lambda _: 0),
    ("efi", (13,), "efi", lambda _: 1000),
    ("marketfi", (), "marketfi", lambda _: 2 / 1000),
    ("rvol", (20,), "rvol", lambda _: 1),
    ("sum", (30,), "sum", lambda c: 30 * (c - 14.5)),
    ("linearreg_slope", (14,), "linearreg_slope", lambda _: 1),
    ("linearreg_angle", (14,), "linearreg_angle", lambda _: 45),
)
IN_GROWTH: tuple[tuple[str, tuple[float, ...], str, Expected], ...] = (
    ("roc", (10,), "roc", lambda _: 100 * grown(10)),
    ("rocp", (10,), "rocp", lambda _: grown(10)),
    ("rocr", (10,), "rocr", lambda _: 1 + grown(10)),
    ("rocr100", (10,), "rocr100", lambda _: 100 * (1 + grown(10))),
    ("trix", (5,), "trix", lambda _: 100 * grown(1)),
    ("ppo", (12, 26, 1), "ppo", lambda _: 100 * (lag(12) / lag(26) - 1)),
    ("coppock", (10, 11, 14), "coppock", lambda _: 100 * (grown(11) + grown(14))),
    ("tsi", (25, 13), "tsi", lambda _: 100),
    ("stddev", (2,), "stddev", lambda c: (c - c / GROWTH) / 2),
    ("var", (2,), "var", lambda c: math.pow((c - c / GROWTH) / 2, 2)),
)


def newest(market: Market, name: str, arguments: tuple[float, ...], output: str) -> float:
    indicator = INDICATORS[name]
    values = indicator.bind(arguments).compute(inputs_of(indicator, market), 0, 1)
    return float(values[indicator.outputs.index(output)][0, 0])


@pytest.mark.parametrize(("name", "arguments", "output", "expected"), ON_A_RISE)
def test_a_straight_rise_gives_the_closed_form(
    name: str, arguments: tuple[float, ...], output: str, expected: Expected
) -> None:
    market = rise()
    value = newest(market, name, arguments, output)
    assert value == pytest.approx(expected(market["close"][0, -1]), rel=1e-9, abs=1e-9)


@pytest.mark.parametrize(("name", "arguments", "output", "expected"), IN_GROWTH)
def test_steady_growth_gives_the_closed_form(
    name: str, arguments: tuple[float, ...], output: str, expected: Expected
) -> None:
    market = growth()
    value = newest(market, name, arguments, output)
    assert value == pytest.approx(expected(market["close"][0, -1]), rel=1e-9, abs=1e-9)
