"""Rows of the catalog: oscillators, which set the price against its own recent moves."""

from __future__ import annotations

from typing import Final

from candlewatch.indicators.indicator import Indicator
from candlewatch.indicators.parameters import (
    AT_ONCE,
    CHANGE,
    WILDER,
    WINDOW,
    average_settling,
    average_warm_up,
    period,
)
from candlewatch.indicators.rules import Rule
from candlewatch.indicators.sources import (
    CHANDE,
    KAUFMAN,
    TALIB,
    WILDER_BOOK,
)

_GROUP: Final = "oscillators"
_LANE: Final = "George Lane, Lane's Stochastics, 1984"
_RANGE: Final = ("high", "low", "close")
_REAL: Final = ("real",)
_STOCH_WARM_UP: Final = Rule(
    "fast_k - 1 + those of the two averages",
    lambda k, sk, sm, sd, dm: k - 1 + average_warm_up(sk, sm) + average_warm_up(sd, dm),
)
_STOCH_SETTLING: Final = Rule(
    "fast_k - 1 + those of the two averages",
    lambda k, sk, sm, sd, dm: k - 1 + average_settling(sk, sm) + average_settling(sd, dm),
)

OSCILLATOR_ROWS: Final = (
    Indicator(
        name="rsi",
        group=_GROUP,
        inputs=_REAL,
        parameters=(period(14),),
        outputs=("rsi",),
        meaning="Relative strength index, 0 to 100: Wilder's mean of gains against losses.",
        source=WILDER_BOOK,
        warm_up=CHANGE,
        settling=WILDER,
    ),
    Indicator(
        name="cci",
        group=_GROUP,
        inputs=_RANGE,
        parameters=(period(14),),
        outputs=("cci",),
        meaning="Commodity channel index: distance from the mean in mean deviations (of 0.015).",
        source="Donald Lambert, Commodity Channel Index, 1980",
        warm_up=WINDOW,
    ),
    Indicator(
        name="ultosc",
        group=_GROUP,
        inputs=_RANGE,
        parameters=(
            period(7, 1, name="first", alias="timeperiod1"),
            period(14, 1, name="second", alias="timeperiod2"),
            period(28, 1, name="third", alias="timeperiod3"),
        ),
        outputs=("ultosc",),
        meaning="Ultimate oscillator, 0 to 100: buying pressure over three lengths.",
        source="Larry Williams, The Ultimate Oscillator, 1985",
        warm_up=Rule("the longest period", lambda *n: max(n)),
    ),
    Indicator(
        name="cmo",
        group=_GROUP,
        inputs=_REAL,
        parameters=(period(14),),
        outputs=("cmo",),
        meaning="Chande momentum oscillator, -100 to 100, smoothed as Wilder does.",
        source=CHANDE,
        warm_up=CHANGE,
        settling=WILDER,
    ),
    Indicator(
        name="cmou",
        group=_GROUP,
        inputs=_REAL,
        parameters=(period(14),),
        outputs=("cmou",),
        meaning="Chande momentum oscillator, -100 to 100, as published: not smoothed.",
        source=CHANDE,
        warm_up=CHANGE,
    ),
    Indicator(
        name="imi",
        group=_GROUP,
        inputs=("open", "close"),
        parameters=(period(14),),
        outputs=("imi",),
        meaning="Intraday momentum index, 0 to 100: gains from open to close against losses.",
        source=CHANDE,
        warm_up=WINDOW,
    ),
    Indicator(
        name="fosc",
        group=_GROUP,
        inputs=_REAL,
        parameters=(period(5),),
        outputs=("fosc",),
        meaning="Forecast oscillator: distance from the forecast made one candle before, in %.",
        source=CHANDE,
        warm_up=CHANGE,
    ),
    Indicator(
        name="bop",
        group=_GROUP,
        inputs=("open", "high", "low", "close"),
        parameters=(),
        outputs=("bop",),
        meaning="Balance of power, -1 to 1: (close - open) / (high - low).",
        source="Igor Livshin, Balance of Market Power, 2001",
        warm_up=AT_ONCE,
    ),
    Indicator(
        name="er",
        group=_GROUP,
        inputs=_REAL,
        parameters=(period(10),),
        outputs=("er",),
        meaning="Efficiency ratio, 0 to 1: the net change over the sum of all changes.",
        source=KAUFMAN,
        warm_up=CHANGE,
    ),
    Indicator(
        name="dpo",
        group=_GROUP,
        inputs=_REAL,
        parameters=(period(20),),
        outputs=("dpo",),
        meaning="Detrended price: the price period / 2 + 1 candles ago less the average.",
        source=TALIB,
        warm_up=Rule(
            "the longer of period - 1 and floor(period / 2) + 1",
            lambda n: max(n - 1, n // 2 + 1),
        ),
    ),
)
