"""Rows of the catalog: rates of change."""

from __future__ import annotations

from typing import Final

from candlewatch.indicators.indicator import Indicator
from candlewatch.indicators.parameters import (
    CHANGE,
    average_settling,
    average_warm_up,
    period,
)
from candlewatch.indicators.rules import Rule
from candlewatch.indicators.sources import BLAU, TALIB

_GROUP: Final = "momentum"
_REAL: Final = ("real",)
_MACD: Final = ("macd", "signal", "hist")
_OF_AVERAGES: Final = Rule(
    "the longer of the two averages'",
    lambda fast, slow, kind: max(average_warm_up(fast, kind), average_warm_up(slow, kind)),
)
_SETTLING_OF_AVERAGES: Final = Rule(
    "the longer of the two averages'",
    lambda fast, slow, kind: max(average_settling(fast, kind), average_settling(slow, kind)),
)

MOMENTUM_ROWS: Final = (
    Indicator(
        name="mom",
        group=_GROUP,
        inputs=_REAL,
        parameters=(period(10, 1),),
        outputs=("mom",),
        meaning="Momentum: the value less that of period candles before.",
        source=TALIB,
        warm_up=CHANGE,
    ),
    Indicator(
        name="roc",
        group=_GROUP,
        inputs=_REAL,
        parameters=(period(10, 1),),
        outputs=("roc",),
        meaning="Rate of change in percent.",
        source=TALIB,
        warm_up=CHANGE,
    ),
    Indicator(
        name="rocp",
        group=_GROUP,
        inputs=_REAL,
        parameters=(period(10, 1),),
        outputs=("rocp",),
        meaning="Rate of change as a share.",
        source=TALIB,
        warm_up=CHANGE,
    ),
    Indicator(
        name="rocr",
        group=_GROUP,
        inputs=_REAL,
        parameters=(period(10, 1),),
        outputs=("rocr",),
        meaning="Ratio of the value to that of period candles before.",
        source=TALIB,
        warm_up=CHANGE,
    ),
    Indicator(
        name="rocr100",
        group=_GROUP,
        inputs=_REAL,
        parameters=(period(10, 1),),
        outputs=("rocr100",),
        meaning="Ratio of the value to that of period candles before, times 100.",
        source=TALIB,
        warm_up=CHANGE,
    ),
    Indicator(
        name="trix",
        group=_GROUP,
        inputs=_REAL,
        parameters=(period(30, 1, 334),),
        outputs=("trix",),
        meaning="Change in percent of a triple exponential average.",
        source="Jack Hutson, Good TRIX, 1983",
        warm_up=Rule("3 (period - 1) + 1", lambda n: 3 * (n - 1) + 1),
        settling=Rule("3 times that of ema(period) + 1", lambda n: 3 * average_settling(n, 1) + 1),
    ),
    Indicator(
        name="tsi",
        group=_GROUP,
        inputs=_REAL,
        parameters=(
            period(25, 2, 500, name="first", alias="firstperiod", meaning="first smoothing"),
            period(13, 2, 500, name="second", alias="secondperiod", meaning="second smoothing"),
        ),
        outputs=("tsi",),
        meaning="True strength index, -100 to 100: twice smoothed changes over their sizes.",
        source=BLAU,
        warm_up=Rule("first + second - 1", lambda first, second: first + second - 1),
        settling=Rule(
            "1 + those of the two exponential averages",
            lambda first, second: 1 + average_settling(first, 1) + average_settling(second, 1),
        ),
    ),
    Indicator(
        name="coppock",
        group=_GROUP,
        inputs=_REAL,
        parameters=(
            period(10, 1, 500, name="wma_period", alias="wmaperiod", meaning="smoothing"),
            period(11, 1, 500, name="roc1", alias="roc1period", meaning="first rate of change"),
            period(14, 1, 500, name="roc2", alias="roc2period", meaning="second rate of change"),
        ),
        outputs=("coppock",),
        meaning="Coppock curve: weighted average of the sum of two rates of change.",
        source="Edwin Coppock, A Practical Way to Find Low-Risk Buying Points, 1962",
        warm_up=Rule(
            "the longer rate of change + wma_period - 1", lambda w, a, b: max(a, b) + w - 1
        ),
    ),
)
