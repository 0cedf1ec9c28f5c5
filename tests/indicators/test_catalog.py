"""The catalog agrees with TA-Lib's own metadata, and refuses what its ranges do not allow."""

from __future__ import annotations

import random
from importlib import import_module
from typing import Any, Protocol

import pytest

from candlewatch.indicators.catalog import INDICATORS, LEFT_OUT, Indicator, Parameter
from candlewatch.indicators.costs import WEIGHTS
from candlewatch.settings import INDICATOR_LOOKBACK_CANDLES
from candlewatch.timeframes import TIMEFRAMES

every = pytest.mark.parametrize("indicator", INDICATORS.values(), ids=INDICATORS)


class Metadata(Protocol):
    """What TA-Lib says of one function."""

    info: dict[str, Any]
    parameters: dict[str, float]
    lookback: int


def metadata(name: str) -> Metadata:
    function: Metadata = import_module("talib.abstract").Function(name)
    return function


def talib_names() -> set[str]:
    return {name.lower() for name in import_module("talib").get_functions()}


def some_value(parameter: Parameter, source: random.Random) -> float:
    if parameter.kind == "choice":
        return source.choice(parameter.choices)[1]
    if parameter.kind == "float":
        return source.choice((parameter.low, parameter.default, parameter.high))
    low, high = int(parameter.low), int(parameter.high)
    return source.choice((low, low + 1, high, source.randint(low, high), source.randint(low, 60)))


def test_every_function_of_ta_lib_is_listed_or_left_out_with_a_reason() -> None:
    assert set(INDICATORS) | set(LEFT_OUT) == talib_names()
    assert not set(INDICATORS) & set(LEFT_OUT)
    assert all(LEFT_OUT.values())


def test_ta_lib_discards_no_further_values() -> None:
    unstable = import_module("talib").get_unstable_period
    assert {unstable(name) for name in ("EMA", "RSI", "ATR", "ADX", "KAMA")} == {0}


@every
def test_inputs_parameters_and_outputs_are_ta_libs(indicator: Indicator) -> None:
    info = metadata(indicator.name).info
    inputs = []
    for name, value in info["input_names"].items():
        inputs += value if isinstance(value, list) else [name.replace("price", "real")]
    assert list(indicator.inputs) == inputs
    parameters = {parameter.alias: parameter.default for parameter in indicator.parameters}
    assert parameters == dict(info["parameters"])
    if indicator.kind == "number":
        assert len(indicator.outputs) == len(info["output_names"])


@every
def test_the_stated_warm_up_is_ta_libs_lookback(indicator: Indicator) -> None:
    source = random.Random(indicator.name)
    for _ in range(25):
        arguments = tuple(some_value(parameter, source) for parameter in indicator.parameters)
        function = metadata(indicator.name)
        names = (parameter.alias for parameter in indicator.parameters)
        function.parameters = dict(zip(names, arguments, strict=True))
        assert indicator.warm_up(*arguments) == function.lookback


@every
def test_each_parameter_alone_stays_within_the_lookback(indicator: Indicator) -> None:
    for place, parameter in enumerate(indicator.parameters):
        defaults = [other.default for other in indicator.parameters]
        for value in (parameter.low, parameter.high):
            defaults[place] = value
            assert indicator.bind(defaults, TIMEFRAMES["1h"]).warm_up <= INDICATOR_LOOKBACK_CANDLES


@every
def test_a_row_is_complete(indicator: Indicator) -> None:
    assert indicator.meaning.endswith(".")
    assert indicator.source
    assert indicator.name in WEIGHTS
    bound = indicator.bind(timeframe=TIMEFRAMES["1h"])
    assert bound.settle >= bound.warm_up
    assert indicator.session or bound.seed >= bound.warm_up
    assert bound.cost > 0
    names = [name for parameter in indicator.parameters for name in (parameter.name,)]
    assert len(set(names)) == len(names)
    assert all(
        indicator.position(parameter.alias) is not None for parameter in indicator.parameters
    )


def test_equal_arguments_give_equal_bounds() -> None:
    rsi = INDICATORS["rsi"]
    assert rsi.bind() == rsi.bind((14,)) == rsi.bind((14.0,))
    assert hash(rsi.bind()) == hash(rsi.bind((14,)))
    assert rsi.bind((15,)) != rsi.bind()
    assert INDICATORS["ma"].bind((20, "EMA")) == INDICATORS["ma"].bind((20, 1))


def test_a_parameter_is_found_by_both_its_names() -> None:
    assert INDICATORS["macd"].position("slow") == INDICATORS["macd"].position("slowperiod") == 1
    assert INDICATORS["macd"].position("length") is None


@pytest.mark.parametrize(
    ("name", "arguments", "sentence"),
    [
        ("rsi", (1,), "rsi: period must be a whole number from 2 to 1,000, got 1"),
        ("rsi", (14.5,), "rsi: period must be a whole number from 2 to 1,000, got 14.5"),
        ("rsi", (True,), "rsi: period must be a whole number from 2 to 1,000, got True"),
        ("rsi", ("14",), "rsi: period must be a whole number from 2 to 1,000, got '14'"),
        ("rsi", (10**9,), "rsi: period must be a whole number from 2 to 1,000, got 1,000,000,000"),
        ("rsi", (float("nan"),), "rsi: period must be a whole number from 2 to 1,000, got nan"),
        ("rsi", (float("inf"),), "rsi: period must be a whole number from 2 to 1,000, got inf"),
        ("rsi", (14, 3), "rsi takes at most 1 parameter, got 2"),
        ("bbands", (20, -1.0), "bbands: up must be a number from 0 to 100, got -1"),
        ("macd", (12, 500, 500, 1), "macd takes at most 3 parameters, got 4"),
        ("stoch", (500, 250, "t3"), "stoch with these parameters needs 1,995 candles before"),
        ("ma", (20, "vidya"), "ma: matype must be one of sma (0), ema (1)"),
        ("ma", (20, 11), "ma: matype must be one of sma (0), ema (1)"),
        ("ma", (20, True), "ma: matype must be one of sma (0), ema (1)"),
        ("vwap", (), "vwap needs a timeframe shorter than 1d, got None"),
    ],
)
def test_wrong_arguments_are_refused_with_a_sentence(
    name: str, arguments: tuple[float | str, ...], sentence: str
) -> None:
    with pytest.raises(ValueError, match=r".+") as refusal:
        INDICATORS[name].bind(arguments)
    assert str(refusal.value).startswith(sentence)


@pytest.mark.parametrize(("timeframe", "candles"), [("1m", 1440), ("5m", 288), ("4h", 6)])
def test_a_session_is_a_utc_day(timeframe: str, candles: int) -> None:
    bound = INDICATORS["vwap"].bind(timeframe=TIMEFRAMES[timeframe])
    assert bound.block == candles
    assert bound.start(10 * candles + 5) == 10 * candles


def test_blocks_are_aligned_to_the_epoch() -> None:
    bound = INDICATORS["rsi"].bind((14,))
    assert (bound.seed, bound.block) == (294, 128)
    assert bound.start(1280) == bound.start(1407) == 1280 - 294
    assert bound.start(1408) == 1408 - 294


def test_a_long_average_is_given_512_candles_to_settle() -> None:
    bound = INDICATORS["ema"].bind((200,))
    assert bound.settle > 512
    assert bound.seed == 512
