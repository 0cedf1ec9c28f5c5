"""Rows of the catalog: stochastics, which say where the close lies in the recent range."""

from __future__ import annotations

from typing import Final

from candlewatch.indicators.indicator import Indicator
from candlewatch.indicators.parameters import (
    WINDOW,
    average,
    average_settling,
    average_warm_up,
    fast_d,
    fast_k,
    period,
    slow_d,
    slow_k,
)
from candlewatch.indicators.rules import Rule, exponential, wilder
from candlewatch.indicators.sources import (
    BLAU,
    CHANDE,
    TALIB,
    WILLIAMS_L,
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

STOCHASTIC_ROWS: Final = (
    Indicator(
        name="stoch",
        group=_GROUP,
        inputs=_RANGE,
        parameters=(
            fast_k(5),
            slow_k(3),
            average("slow_k_matype", "slowk_matype"),
            slow_d(3),
            average("slow_d_matype", "slowd_matype"),
        ),
        outputs=("k", "d"),
        meaning="Stochastic, 0 to 100: where the close lies in the range, smoothed.",
        source=_LANE,
        warm_up=_STOCH_WARM_UP,
        settling=_STOCH_SETTLING,
    ),
    Indicator(
        name="stochf",
        group=_GROUP,
        inputs=_RANGE,
        parameters=(
            fast_k(5),
            fast_d(3),
            average("fast_d_matype", "fastd_matype"),
        ),
        outputs=("k", "d"),
        meaning="Fast stochastic, 0 to 100: where the close lies in the range, not smoothed.",
        source=_LANE,
        warm_up=Rule(
            "fast_k - 1 + that of the average",
            lambda k, d, matype: k - 1 + average_warm_up(d, matype),
        ),
        settling=Rule(
            "fast_k - 1 + that of the average",
            lambda k, d, matype: k - 1 + average_settling(d, matype),
        ),
    ),
    Indicator(
        name="stochrsi",
        group=_GROUP,
        inputs=_REAL,
        parameters=(
            period(14, 2, 300),
            fast_k(5),
            fast_d(3),
            average("fast_d_matype", "fastd_matype"),
        ),
        outputs=("k", "d"),
        meaning="Fast stochastic of the relative strength index, 0 to 100.",
        source=CHANDE,
        warm_up=Rule(
            "period + fast_k - 1 + that of the average",
            lambda n, k, d, matype: n + k - 1 + average_warm_up(d, matype),
        ),
        settling=Rule(
            "that of rsi(period) + fast_k - 1 + that of the average",
            lambda n, k, d, matype: n + wilder(n) + k - 1 + average_settling(d, matype),
        ),
    ),
    Indicator(
        name="kdj",
        group=_GROUP,
        inputs=_RANGE,
        parameters=(
            fast_k(9),
            slow_k(3),
            average("slow_k_matype", "slowk_matype", 13),
            slow_d(3),
            average("slow_d_matype", "slowd_matype", 13),
        ),
        outputs=("k", "d", "j"),
        meaning="Stochastic with Wilder's smoothing and j = 3 k - 2 d.",
        source=TALIB,
        warm_up=_STOCH_WARM_UP,
        settling=_STOCH_SETTLING,
    ),
    Indicator(
        name="smi",
        group=_GROUP,
        inputs=_RANGE,
        parameters=(
            period(13, 2, 250),
            period(2, 2, 250, name="fast", alias="fastperiod", meaning="first smoothing"),
            period(25, 2, 250, name="slow", alias="slowperiod", meaning="second smoothing"),
            period(9, 2, 250, name="signal", alias="signalperiod", meaning="smoothing of signal"),
        ),
        outputs=("smi", "signal"),
        meaning="Stochastic momentum index, -100 to 100: distance from the middle of the range.",
        source=BLAU,
        warm_up=Rule("the sum of the periods - 4", lambda *n: sum(n) - 4),
        settling=Rule(
            "period - 1 + those of the three exponential averages",
            lambda n, *stages: n - 1 + sum(m - 1 + exponential(m) for m in stages),
        ),
    ),
    Indicator(
        name="willr",
        group=_GROUP,
        inputs=_RANGE,
        parameters=(period(14),),
        outputs=("willr",),
        meaning="Williams %R, -100 to 0: how far the close lies below the highest high.",
        source=WILLIAMS_L,
        warm_up=WINDOW,
    ),
)
