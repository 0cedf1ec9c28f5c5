"""The catalog: every indicator of the language by name, and what of TA-Lib is left out and why."""

from __future__ import annotations

from typing import Final

from candlewatch.indicators.averages import AVERAGE_ROWS
from candlewatch.indicators.bands import BAND_ROWS
from candlewatch.indicators.differences import DIFFERENCE_ROWS
from candlewatch.indicators.direction import DIRECTION_ROWS
from candlewatch.indicators.indicator import Bound, Indicator
from candlewatch.indicators.momentum import MOMENTUM_ROWS
from candlewatch.indicators.oscillators import OSCILLATOR_ROWS
from candlewatch.indicators.parameter import Parameter
from candlewatch.indicators.patterns import PATTERN_ROWS
from candlewatch.indicators.statistics import STATISTICS_ROWS
from candlewatch.indicators.stochastics import STOCHASTIC_ROWS
from candlewatch.indicators.volatility import VOLATILITY_ROWS
from candlewatch.indicators.volume import VOLUME_ROWS

__all__ = ["INDICATORS", "LEFT_OUT", "Bound", "Indicator", "Parameter"]

INDICATORS: Final[dict[str, Indicator]] = {
    row.name: row
    for rows in (
        AVERAGE_ROWS,
        BAND_ROWS,
        OSCILLATOR_ROWS,
        STOCHASTIC_ROWS,
        MOMENTUM_ROWS,
        DIFFERENCE_ROWS,
        DIRECTION_ROWS,
        VOLATILITY_ROWS,
        VOLUME_ROWS,
        STATISTICS_ROWS,
        PATTERN_ROWS,
    )
    for row in rows
}

_OPERATOR: Final = "the language has the operator"
_ELEMENT: Final = "element by element: the language has a function of its own, or has no use for it"
_POSITION: Final = "answers a position in the array, which means nothing to an author: see aroon"

LEFT_OUT: Final[dict[str, str]] = {
    "add": _OPERATOR,
    "sub": _OPERATOR,
    "mult": _OPERATOR,
    "div": _OPERATOR,
    "acos": _ELEMENT,
    "asin": _ELEMENT,
    "atan": _ELEMENT,
    "ceil": _ELEMENT,
    "cos": _ELEMENT,
    "cosh": _ELEMENT,
    "exp": _ELEMENT,
    "floor": _ELEMENT,
    "ln": _ELEMENT,
    "log10": _ELEMENT,
    "sin": _ELEMENT,
    "sinh": _ELEMENT,
    "sqrt": _ELEMENT,
    "tan": _ELEMENT,
    "tanh": _ELEMENT,
    "maxindex": _POSITION,
    "minindex": _POSITION,
    "minmaxindex": _POSITION,
    "cumsum": "a sum without a beginning: use sum(x, n)",
    "mavp": "takes a length per candle, so that its lookback has no bound that an author states",
}
