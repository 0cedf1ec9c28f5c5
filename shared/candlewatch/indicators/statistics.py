"""Rows of the catalog: statistics of the last candles."""

from __future__ import annotations

from typing import Final

from candlewatch.indicators.indicator import Indicator
from candlewatch.indicators.parameters import CHANGE, WINDOW, number, period
from candlewatch.indicators.sources import TALIB

_GROUP: Final = "statistics"
_REAL: Final = ("real",)


def _row(name: str, default: int, meaning: str, low: int = 2) -> Indicator:
    """Return a row of one series, one length and one output that bears the row's name."""
    return Indicator(
        name=name,
        group=_GROUP,
        inputs=_REAL,
        parameters=(period(default, low),),
        outputs=(name,),
        meaning=meaning,
        source=TALIB,
        warm_up=WINDOW,
    )


STATISTICS_ROWS: Final = (
    _row("max", 30, "Highest value of the last candles."),
    _row("min", 30, "Lowest value of the last candles."),
    _row("sum", 30, "Sum of the last candles."),
    _row("avgdev", 14, "Mean distance from the mean."),
    _row("linearreg", 14, "End of the straight line fitted to the last candles."),
    _row("linearreg_angle", 14, "Angle of that line in degrees."),
    _row("linearreg_intercept", 14, "Begin of that line."),
    _row("linearreg_slope", 14, "Rise of that line per candle."),
    _row("tsf", 14, "That line, one candle ahead: the forecast."),
    Indicator(
        name="minmax",
        group=_GROUP,
        inputs=_REAL,
        parameters=(period(30),),
        outputs=("min", "max"),
        meaning="Lowest and highest value of the last candles.",
        source=TALIB,
        warm_up=WINDOW,
    ),
    Indicator(
        name="stddev",
        group=_GROUP,
        inputs=_REAL,
        parameters=(
            period(5),
            number("factor", 1.0, 0.0, 100.0, "multiplies the result", alias="nbdev"),
        ),
        outputs=("stddev",),
        meaning="Standard deviation of the population.",
        source=TALIB,
        warm_up=WINDOW,
    ),
    Indicator(
        name="var",
        group=_GROUP,
        inputs=_REAL,
        parameters=(
            period(5, 1),
            number("factor", 1.0, 0.0, 100.0, "has no influence (TA-Lib takes it)", alias="nbdev"),
        ),
        outputs=("var",),
        meaning="Variance of the population.",
        source=TALIB,
        warm_up=WINDOW,
    ),
    Indicator(
        name="percentile",
        group=_GROUP,
        inputs=_REAL,
        parameters=(period(30), number("percentile", 50.0, 0.0, 100.0, "rank in percent")),
        outputs=("percentile",),
        meaning="Value at a percentile of the last candles (nearest rank).",
        source=TALIB,
        warm_up=WINDOW,
    ),
    Indicator(
        name="percentrank",
        group=_GROUP,
        inputs=_REAL,
        parameters=(period(100),),
        outputs=("percentrank",),
        meaning="Share, in percent, of the period before at or below the newest value.",
        source=TALIB,
        warm_up=CHANGE,
    ),
    Indicator(
        name="correl",
        group=_GROUP,
        inputs=("real0", "real1"),
        parameters=(period(30, 1),),
        outputs=("correl",),
        meaning="Pearson's correlation of two series, -1 to 1.",
        source=TALIB,
        warm_up=WINDOW,
    ),
    Indicator(
        name="beta",
        group=_GROUP,
        inputs=("real0", "real1"),
        parameters=(period(5, 1),),
        outputs=("beta",),
        meaning="How much the second series moves when the first does (slope of their returns).",
        source=TALIB,
        warm_up=CHANGE,
    ),
)
