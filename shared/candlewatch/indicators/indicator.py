"""What an indicator is, and an indicator bound to its arguments.

A row of the catalog is an `Indicator`. Binding it to arguments checks them and yields a `Bound`,
which knows its warm-up, where its blocks start, what it costs, and how to compute itself.
"""

from __future__ import annotations

import inspect
from dataclasses import dataclass, field
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any, Final, Literal

from talib import _ta_lib

from candlewatch.indicators import computation
from candlewatch.indicators.costs import WEIGHT_OF_MAMA, WEIGHTS
from candlewatch.indicators.parameter import Argument, Parameter
from candlewatch.settings import (
    INDICATOR_BLOCK_CANDLES,
    INDICATOR_LOOKBACK_CANDLES,
    INDICATOR_SETTLE_CANDLES,
)
from candlewatch.wording import counted

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from candlewatch.indicators.rules import Rule
    from candlewatch.timeframes import Timeframe

__all__ = ["Argument", "Bound", "Indicator", "Parameter"]

_DAY_MS: Final = 86_400_000
_SMALLEST_BLOCK: Final = 32
_ANCHOR_SEED: Final = 1024
_ANCHOR_BLOCK: Final = 512


@dataclass(frozen=True, eq=False)
class Indicator:
    """One row of the catalog.

    Attributes:
        name: lower-case name in the language.
        group: TA-Lib's group, in words.
        inputs: names in TA-Lib's order. `open high low close volume` default to the candle's own;
            `real` is any series, by default the close; `real0` and `real1` have to be given.
        parameters: in TA-Lib's order.
        outputs: names; the first is what the call itself stands for.
        kind: whether the outputs are numbers or conditions.
        meaning: one line.
        source: author, title, year; or TA-Lib.
        warm_up: candles that pass before the first known value.
        settling: candles until the choice of the first candle no longer matters; None where
            nothing is remembered beyond the warm-up.
        anchored: the value is a running total whose level counts from an arbitrary candle.
        session: the calculation begins anew with each UTC day.
        blank: TA-Lib's answer where the value is not defined; it becomes unknown.
    """

    name: str
    group: str
    inputs: tuple[str, ...]
    parameters: tuple[Parameter, ...]
    outputs: tuple[str, ...]
    meaning: str
    source: str
    warm_up: Rule = field(repr=False)
    settling: Rule | None = field(default=None, repr=False)
    kind: Literal["number", "condition"] = "number"
    anchored: bool = False
    session: bool = False
    blank: float | None = None

    @cached_property
    def call(self) -> Callable[..., Any]:
        """TA-Lib's function without its wrapper for data frames: rows and arguments to rows."""
        function: Callable[..., Any] = inspect.unwrap(getattr(_ta_lib, self.name.upper()))
        return function

    def position(self, parameter: str) -> int | None:
        """Return the place of a parameter by its short or its TA-Lib name; None: there is none."""
        for place, known in enumerate(self.parameters):
            if parameter in (known.name, known.alias):
                return place
        return None

    def bind(self, arguments: Sequence[Argument] = (), timeframe: Timeframe | None = None) -> Bound:
        """Check arguments (those left out are the defaults) and return the bound indicator.

        Args:
            arguments: in the order of `parameters`; as many as the author gave.
            timeframe: of the candles; only indicators that begin anew each day ask for it.

        Raises:
            ValueError: an argument is refused; the message is a sentence for the author.
        """
        if len(arguments) > len(self.parameters):
            raise ValueError(
                f"{self.name} takes {'at most ' if self.parameters else ''}"
                f"{counted(len(self.parameters), 'parameter')}, got {len(arguments)}"
            )
        given = tuple(
            parameter.checked(self.name, value)
            for parameter, value in zip(self.parameters, arguments, strict=False)
        )
        rest = tuple(parameter.default for parameter in self.parameters[len(given) :])
        return _bound(self, given + rest, self._session_candles(timeframe))

    def _session_candles(self, timeframe: Timeframe | None) -> int:
        if not self.session:
            return 0
        if timeframe is None or timeframe.ms >= _DAY_MS:
            raise ValueError(f"{self.name} needs a timeframe shorter than 1d, got {timeframe}")
        return _DAY_MS // timeframe.ms


@dataclass(frozen=True)
class Bound:
    """An indicator with its arguments; equal ones are equal and hash alike.

    Attributes:
        indicator: the row of the catalog.
        arguments: one per parameter, checked.
        warm_up: candles that pass before the first known value.
        settle: candles until the choice of the first candle no longer matters, at least `warm_up`.
        seed: candles before its block at which a calculation starts.
        block: candles per block; blocks are counted from the epoch.
        cost: of a pass for the newest candle; 1.0 = a simple moving average over 500 candles.
    """

    indicator: Indicator
    arguments: tuple[float, ...]
    warm_up: int
    settle: int
    seed: int
    block: int
    cost: float

    @property
    def outputs(self) -> tuple[str, ...]:
        """Names of the outputs."""
        return self.indicator.outputs

    @property
    def anchored(self) -> bool:
        """Whether all values of one computation count from the newest candle's block."""
        return self.indicator.anchored

    def start(self, number: int) -> int:
        """Return the first candle number whose input can influence the output at `number`."""
        return number // self.block * self.block - self.seed

    def compute(
        self,
        inputs: Sequence[NDArray[np.float64]],
        first: int,
        need: int,
    ) -> tuple[NDArray[np.float64], ...]:
        """Compute the newest `need` candles of every output; see `computation.compute`."""
        return computation.compute(self, inputs, first, need)


@lru_cache(maxsize=8192)
def _bound(indicator: Indicator, arguments: tuple[float, ...], session_candles: int) -> Bound:
    warm_up = indicator.warm_up(*arguments)
    if warm_up > INDICATOR_LOOKBACK_CANDLES:
        raise ValueError(
            f"{indicator.name} with these parameters needs {warm_up:,} candles before its first"
            f" value; at most {INDICATOR_LOOKBACK_CANDLES:,} are kept"
        )
    settle = max(warm_up, indicator.settling(*arguments)) if indicator.settling else warm_up
    if session_candles:
        seed, block = 0, session_candles
    elif indicator.anchored:
        seed, block = _ANCHOR_SEED, _ANCHOR_BLOCK
    else:
        seed = max(warm_up, min(settle, INDICATOR_SETTLE_CANDLES))
        block = _block_for(seed)
    return Bound(
        indicator, arguments, warm_up, settle, seed, block, _cost(indicator, arguments, seed, block)
    )


def _block_for(seed: int) -> int:
    """Return the power of two from 32 to 128 next above a quarter of the seed.

    A short block keeps the slice of the newest candle near its seed; a long one saves calls in a
    replay and crosses into the block before less often.
    """
    block = _SMALLEST_BLOCK
    while block < min(seed / 4, INDICATOR_BLOCK_CANDLES):
        block *= 2
    return block


def _cost(indicator: Indicator, arguments: tuple[float, ...], seed: int, block: int) -> float:
    """Return the cost of the newest candle; a call alone costs as much as 400 candles of a mean."""
    each_candle, each_of_length = WEIGHTS[indicator.name]
    lengths = [0.0]
    for parameter, value in zip(indicator.parameters, arguments, strict=True):
        if parameter.kind == "int":
            lengths.append(value)
        elif ("mama", value) in parameter.choices:
            each_candle += WEIGHT_OF_MAMA
    candles = seed + block / 2
    return (400 + candles * (each_candle + each_of_length * max(lengths))) / 900
