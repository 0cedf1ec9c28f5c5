"""Rows of the catalog: bands and stops around the price."""

from __future__ import annotations

from typing import Final

from candlewatch.indicators.indicator import Indicator
from candlewatch.indicators.parameters import (
    CHANGE,
    ONE,
    UNBOUNDED,
    WINDOW,
    average,
    average_settling,
    average_warm_up,
    number,
    period,
)
from candlewatch.indicators.rules import Rule, exponential, wilder
from candlewatch.indicators.sources import BOLLINGER, TALIB, WILDER_BOOK

_GROUP: Final = "bands and stops"
_BANDS: Final = ("upper", "middle", "lower")
_RANGE: Final = ("high", "low", "close")

BAND_ROWS: Final = (
    Indicator(
        name="bbands",
        group=_GROUP,
        inputs=("real",),
        parameters=(
            period(20),
            number("up", 2.0, 0.0, 100.0, "standard deviations above", alias="nbdevup"),
            number("down", 2.0, 0.0, 100.0, "standard deviations below", alias="nbdevdn"),
            average(),
        ),
        outputs=_BANDS,
        meaning="Bollinger bands: an average and standard deviations (of the period) around it.",
        source=BOLLINGER,
        warm_up=Rule(
            "the longer of period - 1 and that of the average",
            lambda n, _up, _down, kind: max(n - 1, average_warm_up(n, kind)),
        ),
        settling=Rule(
            "that of the chosen average",
            lambda n, _up, _down, kind: average_settling(n, kind),
        ),
    ),
    Indicator(
        name="accbands",
        group=_GROUP,
        inputs=_RANGE,
        parameters=(period(20),),
        outputs=_BANDS,
        meaning="Acceleration bands: averages of the price widened by the candles' range.",
        source="Price Headley, Big Trends in Trading, 2002",
        warm_up=WINDOW,
    ),
    Indicator(
        name="donchian",
        group=_GROUP,
        inputs=("high", "low"),
        parameters=(period(20),),
        outputs=_BANDS,
        meaning="Donchian channel: highest high, lowest low, their middle; with this candle.",
        source="Richard Donchian, Donchian's 5- and 20-Day Moving Averages, 1974",
        warm_up=WINDOW,
    ),
    Indicator(
        name="kc",
        group=_GROUP,
        inputs=_RANGE,
        parameters=(
            period(20),
            period(10, 1, name="atr_period", alias="atrperiod", meaning="length of the range"),
            number("width", 2.0, 0.0, 100.0, "average true ranges to each side", alias="nbdev"),
        ),
        outputs=_BANDS,
        meaning="Keltner channel: an exponential average and average true ranges around it.",
        source="Chester Keltner, How to Make Money in Commodities, 1960; Linda Raschke",
        warm_up=Rule("the longer of period - 1 and atr_period", lambda n, atr, _: max(n - 1, atr)),
        settling=Rule(
            "the longer of ema(period) and atr(atr_period)",
            lambda n, atr, _: max(n - 1 + exponential(n), atr + wilder(atr)),
        ),
    ),
    Indicator(
        name="supertrend",
        group=_GROUP,
        inputs=_RANGE,
        parameters=(
            period(10),
            number("multiplier", 3.0, 0.0, 100.0, "average true ranges to each side"),
        ),
        outputs=("value", "direction"),
        meaning="SuperTrend: a trailing stop; direction is 1 in a rise, -1 in a fall, first 1.",
        source="Olivier Seban, as in TA-Lib 0.8",
        warm_up=CHANGE,
        settling=UNBOUNDED,
    ),
    Indicator(
        name="sar",
        group=_GROUP,
        inputs=("high", "low"),
        parameters=(
            number("acceleration", 0.02, 0.0, 10.0, "step of the acceleration"),
            number("maximum", 0.2, 0.0, 10.0, "largest acceleration"),
        ),
        outputs=("sar",),
        meaning="Parabolic stop and reverse.",
        source=WILDER_BOOK,
        warm_up=ONE,
        settling=UNBOUNDED,
    ),
    Indicator(
        name="sarext",
        group=_GROUP,
        inputs=("high", "low"),
        parameters=(
            number(
                "startvalue", 0.0, -1e9, 1e9, "first stop; above 0 long, below short, 0 automatic"
            ),
            number("offsetonreverse", 0.0, 0.0, 10.0, "share added at a reversal"),
            number("accelerationinitlong", 0.02, 0.0, 10.0, "first acceleration, long"),
            number("accelerationlong", 0.02, 0.0, 10.0, "step, long"),
            number("accelerationmaxlong", 0.2, 0.0, 10.0, "largest, long"),
            number("accelerationinitshort", 0.02, 0.0, 10.0, "first acceleration, short"),
            number("accelerationshort", 0.02, 0.0, 10.0, "step, short"),
            number("accelerationmaxshort", 0.2, 0.0, 10.0, "largest, short"),
        ),
        outputs=("sar",),
        meaning="Parabolic stop with separate settings for long and short; negative while short.",
        source=TALIB,
        warm_up=ONE,
        settling=UNBOUNDED,
    ),
)
