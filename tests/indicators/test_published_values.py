"""Indicators give the values that others have published, to nine digits or all that are printed."""

from __future__ import annotations

import numpy as np
import pytest
from tests.indicators.published import Published, published

from candlewatch.indicators.catalog import INDICATORS

EXAMPLES = published()


def label(example: Published) -> str:
    return f"{example.indicator}.{example.output}"


def test_at_least_25_indicators_have_published_values_to_nine_digits() -> None:
    assert len({example.indicator for example in EXAMPLES if example.decimals is None}) >= 25


@pytest.mark.parametrize("example", EXAMPLES, ids=label)
def test_a_value_equals_the_published_one(example: Published) -> None:
    indicator = INDICATORS[example.indicator]
    bound = indicator.bind(example.arguments)
    rows = [example.series[name] for name in indicator.inputs]
    inputs = [np.array([row[:1] * example.flat + row]) for row in rows]
    candles = inputs[0].shape[1]
    outputs = bound.compute(inputs, 0, candles)
    result = outputs[indicator.outputs.index(example.output)][0]
    assert candles - len(example.values) >= bound.warm_up
    if indicator.anchored:  # where a running total begins is arbitrary: what counts is the change
        result -= result[0]
    newest = result[-len(example.values) :]
    if example.decimals is None:
        assert newest == pytest.approx(example.values, rel=1e-9, abs=1e-9)
    else:
        assert newest == pytest.approx(example.values, rel=0, abs=0.5 * 10**-example.decimals)
