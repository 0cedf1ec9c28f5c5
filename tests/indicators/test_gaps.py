"""A gap is never silently wrong: it is filled by rule, and unknown on its own candle."""

from __future__ import annotations

import numpy as np
import pytest
from tests.indicators.markets import Array, inputs_of, random_market, with_gaps

from candlewatch.indicators.catalog import INDICATORS, Indicator
from candlewatch.timeframes import TIMEFRAMES

FIRST = 2_000_005
MARKET = random_market(symbols=4, candles=640, seed=3)
GAPS = np.random.default_rng(9).random((4, 640)) < 0.03
GAPS[3] = np.arange(640) < 570
GAPS[:, -1] = False
GAPS[0] = False

every = pytest.mark.parametrize("indicator", INDICATORS.values(), ids=INDICATORS)


def filled(names: tuple[str, ...], columns: list[list[float]]) -> list[list[float]]:
    """Fill gaps candle by candle, as the rule reads: the slow and obvious way."""
    result: list[list[float]] = [[] for _ in names]
    closes: list[float] = []
    for candle in zip(*columns, strict=True):
        for place, (name, value) in enumerate(zip(names, candle, strict=True)):
            if value == value:  # noqa: PLR0124 - false for NaN alone
                result[place].append(value)
            elif name == "volume":
                result[place].append(0.0)
            elif name in ("open", "high", "low") and "close" in names:
                result[place].append(closes[-1])
            else:
                result[place].append(result[place][-1])
        if "close" in names:
            closes.append(result[names.index("close")][-1])
    return result


def expected(indicator: Indicator, inputs: tuple[Array, ...], symbol: int, number: int) -> Array:
    """Return the value at a candle from TA-Lib on a slice that was filled candle by candle."""
    bound = indicator.bind(timeframe=TIMEFRAMES["1h"])
    begin = max(bound.start(number), FIRST) - FIRST
    columns = [values[symbol, begin : number - FIRST + 1].tolist() for values in inputs]
    nothing = np.full(len(indicator.outputs), np.nan)
    known = [candle for candle, value in enumerate(columns[0]) if value == value]  # noqa: PLR0124
    if not known or len(columns[0]) - known[0] <= bound.warm_up or known[-1] < len(columns[0]) - 1:
        return nothing
    rows = filled(indicator.inputs, [column[known[0] :] for column in columns])
    answer = indicator.call(*[np.array(row) for row in rows], *bound.arguments)
    last = [part[-1] for part in (answer if isinstance(answer, tuple) else (answer,))]
    if indicator.kind == "condition":
        last = [last[0] != 0, last[0] > 0, last[0] < 0]
    values = np.array(last, dtype=np.float64)
    return np.where(np.isfinite(values), values, nothing)


@every
def test_values_beside_gaps_are_those_of_the_filled_series(indicator: Indicator) -> None:
    market = with_gaps(MARKET, GAPS)
    inputs = inputs_of(indicator, market)
    for number in (FIRST + 600, FIRST + 611, FIRST + 639):
        seen = tuple(values[:, : number - FIRST + 1] for values in inputs)
        ours = indicator.bind(timeframe=TIMEFRAMES["1h"]).compute(seen, FIRST, 1)
        for symbol in range(4):
            wanted = expected(indicator, inputs, symbol, number)
            assert np.array_equal([part[symbol, 0] for part in ours], wanted, equal_nan=True)


@every
def test_beside_gaps_one_candle_equals_the_last_of_many(indicator: Indicator) -> None:
    inputs = inputs_of(indicator, with_gaps(MARKET, GAPS))
    bound = indicator.bind(timeframe=TIMEFRAMES["1h"])
    many = np.array(bound.compute(inputs, FIRST, 640))
    for end in (640,) if indicator.anchored else (640, 633, 520, 305):
        drop = max(bound.start(FIRST + end - 1) - FIRST, 0)
        shorter = [values[:, drop:end] for values in inputs]
        one = np.array(bound.compute(shorter, FIRST + drop, 1))
        assert np.array_equal(one[:, :, 0], many[:, :, end - 1], equal_nan=True)


@every
def test_the_gap_itself_is_unknown(indicator: Indicator) -> None:
    inputs = inputs_of(indicator, with_gaps(MARKET, GAPS))
    for part in indicator.bind(timeframe=TIMEFRAMES["1h"]).compute(inputs, FIRST, 640):
        assert np.isnan(part[GAPS]).all()


def test_one_gap_does_not_silence_what_comes_after() -> None:
    market = random_market(symbols=1, candles=400)
    inputs = inputs_of(INDICATORS["rsi"], market)
    inputs[0][0, 300] = np.nan
    (rsi,) = INDICATORS["rsi"].bind((14,)).compute(inputs, FIRST, 200)
    assert np.isnan(rsi[0, 100])
    assert np.isfinite(np.delete(rsi[0], 100)).all()


def test_an_infinite_input_counts_as_unknown() -> None:
    market = random_market(symbols=1, candles=200)
    market["close"][0, 150] = np.inf
    (sma,) = INDICATORS["sma"].bind((10,)).compute((market["close"],), FIRST, 200)
    assert np.isnan(sma[0, 150])
    assert np.isfinite(sma[0, 151:]).all()


def test_vwap_is_unknown_until_the_day_has_a_trade() -> None:
    market = random_market(symbols=1, candles=48)
    market["volume"][0, :3] = 0.0
    bound = INDICATORS["vwap"].bind(timeframe=TIMEFRAMES["1h"])
    (vwap,) = bound.compute(inputs_of(INDICATORS["vwap"], market), 24 * 20_000, 48)
    assert np.isnan(vwap[0, :3]).all()
    assert np.isfinite(vwap[0, 3:]).all()
