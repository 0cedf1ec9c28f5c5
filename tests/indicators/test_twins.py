"""The main indicators equal slow and obvious twins that are written as their sources read."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from tests.indicators import twins
from tests.indicators.markets import inputs_of, random_market

from candlewatch.indicators.catalog import INDICATORS
from candlewatch.timeframes import TIMEFRAMES

if TYPE_CHECKING:
    from collections.abc import Callable

FIRST = 512 * 24
CANDLES = 250

CASES: tuple[tuple[str, tuple[float, ...], Callable[..., Any]], ...] = (
    ("sma", (20,), twins.sma),
    ("ema", (20,), twins.ema),
    ("wma", (20,), twins.wma),
    ("dema", (15,), twins.dema),
    ("tema", (15,), twins.tema),
    ("kama", (10,), twins.kama),
    ("rsi", (14,), twins.rsi),
    ("macd", (12, 26, 9), twins.macd),
    ("bbands", (20, 2.0, 1.5, 0), twins.bbands),
    ("stddev", (10, 2.0), twins.stddev),
    ("linearreg", (14,), twins.linearreg),
    ("mom", (10,), twins.mom),
    ("roc", (10,), twins.roc),
    ("trix", (12,), twins.trix),
    ("atr", (14,), twins.atr),
    ("natr", (14,), twins.natr),
    ("adx", (14,), twins.adx),
    ("stoch", (14, 3, 0, 5, 0), twins.stoch),
    ("stochf", (14, 3, 0), twins.stochf),
    ("willr", (14,), twins.willr),
    ("cci", (20,), twins.cci),
    ("aroon", (14,), twins.aroon),
    ("ultosc", (7, 14, 28), twins.ultosc),
    ("obv", (), twins.obv),
    ("ad", (), twins.ad),
    ("mfi", (14,), twins.mfi),
    ("supertrend", (10, 3.0), twins.supertrend),
    ("vwap", (), partial(twins.vwap, per_day=24)),
    ("max", (12,), twins.highest),
    ("min", (12,), twins.lowest),
)


def as_floats(row: list[float | None]) -> list[float]:
    return [np.nan if value is None else float(value) for value in row]


def assert_equal_to_twin(
    name: str, arguments: tuple[float, ...], twin: Callable[..., Any], seed: int
) -> None:
    market = random_market(symbols=1, candles=CANDLES, seed=seed)
    indicator = INDICATORS[name]
    inputs = inputs_of(indicator, market)
    ours = indicator.bind(arguments, TIMEFRAMES["1h"]).compute(inputs, FIRST, CANDLES)
    answer = twin(*[values[0].tolist() for values in inputs], *arguments)
    rows = answer if isinstance(answer, tuple) else (answer,)
    for part, row in zip(ours, rows, strict=True):
        np.testing.assert_allclose(part[0], as_floats(row), rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize(("name", "arguments", "twin"), CASES, ids=[case[0] for case in CASES])
def test_an_indicator_equals_its_twin(
    name: str, arguments: tuple[float, ...], twin: Callable[..., Any], seed: int
) -> None:
    assert_equal_to_twin(name, arguments, twin, seed)


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_variance_equals_its_twin(seed: int) -> None:
    # TA-Lib takes a factor here that has no influence; the twin has none.
    assert_equal_to_twin("var", (10,), twins.var, seed)
