"""Rows of the catalog: differences of averages, and of prices and averages."""

from __future__ import annotations

from typing import Final

from candlewatch.indicators.indicator import Indicator
from candlewatch.indicators.parameters import (
    LONGER,
    WINDOW,
    average,
    average_settling,
    average_warm_up,
    fast,
    period,
    signal,
    slow,
)
from candlewatch.indicators.rules import Rule, exponential
from candlewatch.indicators.sources import APPEL, CHANDE, ELDER, TALIB, WILLIAMS_B

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

DIFFERENCE_ROWS: Final = (
    Indicator(
        name="macd",
        group=_GROUP,
        inputs=_REAL,
        parameters=(
            fast(12, 2, 500),
            slow(26, 2, 500),
            signal(9, 1, 500),
        ),
        outputs=_MACD,
        meaning="Difference of two exponential averages, its average, and what lies between.",
        source=APPEL,
        warm_up=Rule(
            "the longer of fast and slow + signal - 2",
            lambda fast, slow, signal: max(fast, slow) + signal - 2,
        ),
        settling=Rule(
            "that of ema(slow) + that of ema(signal)",
            lambda fast, slow, signal: (
                average_settling(max(fast, slow), 1) + average_settling(signal, 1)
            ),
        ),
    ),
    Indicator(
        name="macdext",
        group=_GROUP,
        inputs=_REAL,
        parameters=(
            fast(12, 2, 500),
            average("fast_matype", "fastmatype"),
            slow(26, 2, 500),
            average("slow_matype", "slowmatype"),
            signal(9, 1, 500),
            average("signal_matype", "signalmatype"),
        ),
        outputs=_MACD,
        meaning="MACD of averages of any kind.",
        source=TALIB,
        warm_up=Rule(
            "the longer of the two averages' + that of the signal's",
            lambda f, fk, s, sk, n, nk: (
                max(average_warm_up(f, fk), average_warm_up(s, sk)) + average_warm_up(n, nk)
            ),
        ),
        settling=Rule(
            "the longer of the two averages' + that of the signal's",
            lambda f, fk, s, sk, n, nk: (
                max(average_settling(f, fk), average_settling(s, sk)) + average_settling(n, nk)
            ),
        ),
    ),
    Indicator(
        name="macdfix",
        group=_GROUP,
        inputs=_REAL,
        parameters=(signal(9, 1, 900),),
        outputs=_MACD,
        meaning="MACD of 12 and 26 candles with the weights 0.15 and 0.075.",
        source=APPEL,
        warm_up=Rule("25 + signal - 1", lambda signal: 24 + signal),
        settling=Rule(
            "that of ema(26) + that of ema(signal)",
            lambda signal: average_settling(26, 1) + average_settling(signal, 1),
        ),
    ),
    Indicator(
        name="apo",
        group=_GROUP,
        inputs=_REAL,
        parameters=(fast(12), slow(26), average(default=1)),
        outputs=("apo",),
        meaning="Absolute price oscillator: the shorter average less the longer.",
        source=TALIB,
        warm_up=_OF_AVERAGES,
        settling=_SETTLING_OF_AVERAGES,
    ),
    Indicator(
        name="ppo",
        group=_GROUP,
        inputs=_REAL,
        parameters=(fast(12), slow(26), average(default=1)),
        outputs=("ppo",),
        meaning="Percentage price oscillator: apo in percent of the longer average.",
        source=APPEL,
        warm_up=_OF_AVERAGES,
        settling=_SETTLING_OF_AVERAGES,
    ),
    Indicator(
        name="ao",
        group=_GROUP,
        inputs=("high", "low"),
        parameters=(fast(5), slow(34)),
        outputs=("ao",),
        meaning="Awesome oscillator: short less long simple average of the median price.",
        source=WILLIAMS_B,
        warm_up=LONGER,
    ),
    Indicator(
        name="ac",
        group=_GROUP,
        inputs=("high", "low"),
        parameters=(
            fast(5, 2, 500),
            slow(34, 2, 500),
            signal(5, 2, 500),
        ),
        outputs=("ac",),
        meaning="Accelerator oscillator: ao less its own simple average.",
        source=WILLIAMS_B,
        warm_up=Rule(
            "the longer of fast and slow + signal - 2",
            lambda fast, slow, signal: max(fast, slow) + signal - 2,
        ),
    ),
    Indicator(
        name="eri",
        group=_GROUP,
        inputs=("high", "low", "close"),
        parameters=(period(13, 1),),
        outputs=("bull", "bear"),
        meaning="Elder ray: high and low less the exponential average of the close.",
        source=ELDER,
        warm_up=WINDOW,
        settling=Rule("that of ema(period)", lambda n: n - 1 + exponential(n)),
    ),
    Indicator(
        name="qstick",
        group=_GROUP,
        inputs=("open", "close"),
        parameters=(period(10, 1),),
        outputs=("qstick",),
        meaning="Mean of close less open.",
        source=CHANDE,
        warm_up=WINDOW,
    ),
)
