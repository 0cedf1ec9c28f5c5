"""Every indicator of the catalog, by being listed, computes what TA-Lib does and nothing leaks.

Neither the past nor another symbol nor the length of the loaded history changes a value by a bit.
"""

from __future__ import annotations

import numpy as np
import pytest
from tests.indicators.markets import Array, Market, cut, inputs_of, random_market

from candlewatch.indicators.catalog import INDICATORS, Bound, Indicator
from candlewatch.timeframes import TIMEFRAMES

FIRST = 1_000_003
CANDLES = 700
MARKET = random_market(candles=CANDLES)
LAST = FIRST + CANDLES - 1

every = pytest.mark.parametrize("indicator", INDICATORS.values(), ids=INDICATORS)


def bound(indicator: Indicator) -> Bound:
    return indicator.bind(timeframe=TIMEFRAMES["1h"])


def computed(indicator: Indicator, market: Market, first: int = FIRST, need: int = 0) -> Array:
    inputs = inputs_of(indicator, market)
    wanted = need or inputs[0].shape[1]
    return np.array(bound(indicator).compute(inputs, first, wanted))


def same(left: Array, right: Array) -> bool:
    return np.array_equal(left, right, equal_nan=True)


def from_talib(indicator: Indicator, market: Market, number: int) -> Array:
    """Call TA-Lib itself on the slice that the value of that candle is defined by."""
    begin = max(bound(indicator).start(number), FIRST) - FIRST
    rows = []
    for symbol in range(len(market["close"])):
        inputs = [
            values[symbol, begin : number - FIRST + 1] for values in inputs_of(indicator, market)
        ]
        answer = indicator.call(*inputs, *bound(indicator).arguments)
        last = [part[-1] for part in (answer if isinstance(answer, tuple) else (answer,))]
        if indicator.kind == "condition":
            last = [last[0] != 0, last[0] > 0, last[0] < 0]
        rows.append(last)
    return np.array(rows, dtype=np.float64).T


@every
def test_values_are_those_of_ta_lib_to_the_bit(indicator: Indicator) -> None:
    for number in (LAST - 200, LAST - 131, LAST):
        market = cut(MARKET, 0, number - FIRST + 1)
        ours = computed(indicator, market, need=1)[:, :, 0]
        expected = from_talib(indicator, MARKET, number)
        assert same(ours, np.where(np.isfinite(expected), expected, np.nan))
        assert np.isfinite(ours).all()


@every
def test_the_first_known_candle_is_the_one_after_the_warm_up(indicator: Indicator) -> None:
    known = np.isfinite(computed(indicator, MARKET))
    warm_up = bound(indicator).warm_up
    assert not known[:, :, :warm_up].any()
    assert known[:, :, warm_up:].all()


@every
def test_permuting_symbols_permutes_results(indicator: Indicator) -> None:
    order = [2, 0, 1]
    permuted = {name: values[order] for name, values in MARKET.items()}
    assert same(computed(indicator, permuted), computed(indicator, MARKET)[:, order])


@every
def test_changing_a_candle_changes_nothing_before_it(indicator: Indicator) -> None:
    candle = 650
    changed = {name: values.copy() for name, values in MARKET.items()}
    for values in changed.values():
        values[:, candle] *= 1.5
    before = computed(indicator, MARKET)[:, :, :candle]
    assert same(computed(indicator, changed)[:, :, :candle], before)


@every
def test_cutting_later_candles_off_changes_nothing(indicator: Indicator) -> None:
    whole = computed(indicator, MARKET)
    # A running total counts from the newest candle's block: cut inside that block.
    for end in (699, 650) if indicator.anchored else (699, 650, 530, 300, 101):
        assert same(computed(indicator, cut(MARKET, 0, end)), whole[:, :, :end])


@every
def test_more_history_changes_nothing(indicator: Indicator) -> None:
    market = random_market(symbols=2, candles=2200, seed=5)
    inputs = inputs_of(indicator, market)
    last = FIRST + 2199
    begin = bound(indicator).start(last) - FIRST
    whole = bound(indicator).compute(inputs, FIRST, 1)
    for earlier in (0, 1, 77):
        drop = begin - earlier
        shorter = [values[:, drop:] for values in inputs]
        assert same(np.array(bound(indicator).compute(shorter, FIRST + drop, 1)), np.array(whole))


@every
def test_one_candle_equals_the_last_of_many(indicator: Indicator) -> None:
    many = computed(indicator, MARKET, need=400)
    for need in (1, 2, 90):
        assert same(computed(indicator, MARKET, need=need), many[:, :, -need:])


@every
def test_inputs_are_not_mutated(indicator: Indicator) -> None:
    gapped = {name: values.copy() for name, values in MARKET.items()}
    for values in gapped.values():
        values[1, 600:603] = np.nan
    before = {name: values.copy() for name, values in gapped.items()}
    computed(indicator, gapped)
    assert all(same(gapped[name], before[name]) for name in gapped)


@every
def test_flat_prices_and_no_volume_give_a_finite_value_or_none(indicator: Indicator) -> None:
    flat = {name: np.full((2, 700), 5.0) for name in MARKET}
    flat["volume"][1] = 0.0
    values = computed(indicator, flat)
    assert not np.isinf(values).any()
    if indicator.kind == "condition":
        assert np.isin(values[:, :, -1], (0.0, 1.0)).all()


@every
def test_a_history_not_longer_than_the_warm_up_is_unknown(indicator: Indicator) -> None:
    warm_up = bound(indicator).warm_up
    short = cut(MARKET, 0, max(warm_up, 1))
    assert np.isnan(computed(indicator, short)[:, :, :warm_up]).all()


@every
def test_a_dead_symbol_is_unknown_and_leaves_the_others_alone(indicator: Indicator) -> None:
    market = {name: values.copy() for name, values in MARKET.items()}
    for values in market.values():
        values[1] = np.nan
    result = computed(indicator, market)
    assert np.isnan(result[:, 1]).all()
    assert same(result[:, [0, 2]], computed(indicator, MARKET)[:, [0, 2]])
