"""Warm-up and settling lengths: a formula of the arguments with the words that state it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from collections.abc import Callable

NEGLIGIBLE: Final = 1e-9
"""A first value that weighs less is forgotten: the project compares numbers to nine digits."""


@dataclass(frozen=True)
class Rule:
    """A length in candles as a function of an indicator's arguments.

    Attributes:
        text: the formula in words, in the parameters' names.
        formula: the arguments to whole candles.
    """

    text: str
    formula: Callable[..., int]

    def __call__(self, *arguments: float) -> int:
        """Return the length for these arguments."""
        return int(self.formula(*arguments))


def fading(keeps: float) -> int:
    """Candles until a value weighs less than `NEGLIGIBLE` when each candle keeps that share."""
    return math.ceil(math.log(NEGLIGIBLE) / math.log(keeps)) if keeps > 0 else 0


def exponential(period: float) -> int:
    """Candles that an exponential average needs to forget its first value: a = 2 / (period + 1)."""
    return fading((period - 1) / (period + 1))


def wilder(period: float) -> int:
    """Candles that Wilder's average needs to forget its first value: a = 1 / period."""
    return fading((period - 1) / period)
