"""Rows of the catalog: ranges and volatility, and prices made of prices."""

from __future__ import annotations

from typing import Final

from candlewatch.indicators.indicator import Indicator
from candlewatch.indicators.parameters import AT_ONCE, CHANGE, ONE, WILDER, WINDOW, period
from candlewatch.indicators.rules import Rule, exponential, fading, wilder
from candlewatch.indicators.sources import CHAIKIN, TALIB, WILDER_BOOK

_GROUP: Final = "volatility"
_PRICES: Final = "prices"
_RANGE: Final = ("high", "low", "close")
_CANDLE: Final = ("open", "high", "low", "close")

VOLATILITY_ROWS: Final = (
    Indicator(
        name="trange",
        group=_GROUP,
        inputs=_RANGE,
        parameters=(),
        outputs=("trange",),
        meaning="True range: the candle's range, widened to the close before.",
        source=WILDER_BOOK,
        warm_up=ONE,
    ),
    Indicator(
        name="atr",
        group=_GROUP,
        inputs=_RANGE,
        parameters=(period(14, 1),),
        outputs=("atr",),
        meaning="Average true range, smoothed as Wilder does.",
        source=WILDER_BOOK,
        warm_up=CHANGE,
        settling=WILDER,
    ),
    Indicator(
        name="natr",
        group=_GROUP,
        inputs=_RANGE,
        parameters=(period(14, 1),),
        outputs=("natr",),
        meaning="Average true range in percent of the close.",
        source="John Forman, Cross-Market Evaluations with Normalized Average True Range, 2006",
        warm_up=CHANGE,
        settling=WILDER,
    ),
    Indicator(
        name="adr",
        group=_GROUP,
        inputs=("high", "low"),
        parameters=(period(14, 1),),
        outputs=("adr",),
        meaning="Mean range of the last candles (high less low).",
        source=TALIB,
        warm_up=WINDOW,
    ),
    Indicator(
        name="cvi",
        group=_GROUP,
        inputs=("high", "low"),
        parameters=(
            period(10, 2, 500),
            period(10, 1, 500, name="roc_period", alias="rocperiod", meaning="rate of change"),
        ),
        outputs=("cvi",),
        meaning="Chaikin's volatility: rate of change of the exponential average of the range.",
        source=CHAIKIN,
        warm_up=Rule("period - 1 + roc_period", lambda n, roc: n - 1 + roc),
        settling=Rule(
            "that of ema(period) + roc_period", lambda n, roc: n - 1 + exponential(n) + roc
        ),
    ),
    Indicator(
        name="massi",
        group=_GROUP,
        inputs=("high", "low"),
        parameters=(
            period(9, 2, 300, name="fast", alias="fastperiod", meaning="smoothing"),
            period(25, 2, 400, name="slow", alias="slowperiod", meaning="length of the sum"),
        ),
        outputs=("massi",),
        meaning="Mass index: a widening range announces a reversal.",
        source="Donald Dorsey, The Mass Index, 1992",
        warm_up=Rule("2 (fast - 1) + slow - 1", lambda fast, slow: 2 * (fast - 1) + slow - 1),
        settling=Rule(
            "2 times that of ema(fast) + slow - 1",
            lambda fast, slow: 2 * (fast - 1 + exponential(fast)) + slow - 1,
        ),
    ),
    Indicator(
        name="rvi",
        group=_GROUP,
        inputs=("real",),
        parameters=(
            period(14, 1, 500),
            period(10, 2, 500, name="stddev_period", alias="stddevperiod", meaning="of deviation"),
        ),
        outputs=("rvi",),
        meaning="Relative volatility index, 0 to 100: deviation on rises against falls.",
        source="Donald Dorsey, The Relative Volatility Index, 1993",
        warm_up=Rule("period - 1 + stddev_period - 1", lambda n, deviation: n + deviation - 2),
        settling=Rule(
            "that of Wilder's average + stddev_period",
            lambda n, deviation: n + wilder(n) + deviation,
        ),
    ),
    Indicator(
        name="avgprice",
        group=_PRICES,
        inputs=_CANDLE,
        parameters=(),
        outputs=("avgprice",),
        meaning="(open + high + low + close) / 4.",
        source=TALIB,
        warm_up=AT_ONCE,
    ),
    Indicator(
        name="medprice",
        group=_PRICES,
        inputs=("high", "low"),
        parameters=(),
        outputs=("medprice",),
        meaning="(high + low) / 2.",
        source=TALIB,
        warm_up=AT_ONCE,
    ),
    Indicator(
        name="typprice",
        group=_PRICES,
        inputs=_RANGE,
        parameters=(),
        outputs=("typprice",),
        meaning="(high + low + close) / 3.",
        source=TALIB,
        warm_up=AT_ONCE,
    ),
    Indicator(
        name="wclprice",
        group=_PRICES,
        inputs=_RANGE,
        parameters=(),
        outputs=("wclprice",),
        meaning="(high + low + 2 close) / 4.",
        source=TALIB,
        warm_up=AT_ONCE,
    ),
    Indicator(
        name="ha",
        group=_PRICES,
        inputs=_CANDLE,
        parameters=(),
        outputs=("open", "high", "low", "close"),
        meaning="Heikin-Ashi candles.",
        source="Dan Valcu, Using the Heikin-Ashi Technique, 2004",
        warm_up=AT_ONCE,
        settling=Rule("30: the open keeps one half per candle", lambda: fading(0.5)),
    ),
)
