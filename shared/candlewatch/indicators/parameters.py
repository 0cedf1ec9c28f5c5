"""Parameters that many indicators share, and the averages that an indicator lets one choose."""

from __future__ import annotations

import math
from typing import Final

from candlewatch.indicators.parameter import Parameter
from candlewatch.indicators.rules import Rule, exponential, fading, wilder

AVERAGES: Final = (
    ("sma", 0),
    ("ema", 1),
    ("wma", 2),
    ("dema", 3),
    ("tema", 4),
    ("trima", 5),
    ("kama", 6),
    ("mama", 7),
    ("t3", 8),
    ("hma", 9),
    ("zlema", 12),
    ("rma", 13),
)
"""TA-Lib's moving averages by number; 10 and 11 (none, default) say nothing to an author."""

_NAMES: Final = {number: name for name, number in AVERAGES}
_KAMA_KEEPS: Final = 1 - (2 / 31) ** 2
_MAMA_KEEPS: Final = 0.95


def period(
    default: int,
    low: int = 2,
    high: int = 1000,
    *,
    name: str = "period",
    alias: str = "timeperiod",
    meaning: str = "length in candles",
) -> Parameter:
    """Return a length in candles."""
    return Parameter(name, alias, "int", default, low, high, meaning)


def fast(default: int, low: int = 2, high: int = 1000) -> Parameter:
    """Return the length of the faster of two averages."""
    meaning = "shorter length in candles"
    return period(default, low, high, name="fast", alias="fastperiod", meaning=meaning)


def slow(default: int, low: int = 2, high: int = 1000) -> Parameter:
    """Return the length of the slower of two averages."""
    meaning = "longer length in candles"
    return period(default, low, high, name="slow", alias="slowperiod", meaning=meaning)


def signal(default: int, low: int = 1, high: int = 500) -> Parameter:
    """Return the length of the average that makes a signal line."""
    meaning = "smoothing of the signal"
    return period(default, low, high, name="signal", alias="signalperiod", meaning=meaning)


def fast_k(default: int) -> Parameter:
    """Return the length of the range that a stochastic looks at."""
    meaning = "length of the range in candles"
    return period(default, 1, 500, name="fast_k", alias="fastk_period", meaning=meaning)


def fast_d(default: int) -> Parameter:
    """Return the smoothing of a fast stochastic's second line."""
    return period(default, 1, 250, name="fast_d", alias="fastd_period", meaning="smoothing of d")


def slow_k(default: int) -> Parameter:
    """Return the smoothing of a stochastic's first line."""
    return period(default, 1, 250, name="slow_k", alias="slowk_period", meaning="smoothing of k")


def slow_d(default: int) -> Parameter:
    """Return the smoothing of a stochastic's second line."""
    return period(default, 1, 250, name="slow_d", alias="slowd_period", meaning="smoothing of d")


def number(
    name: str, default: float, low: float, high: float, meaning: str, *, alias: str = ""
) -> Parameter:
    """Return any number of a range."""
    return Parameter(name, alias or name, "float", default, low, high, meaning)


def average(
    name: str = "matype", alias: str = "", default: int = 0, meaning: str = "kind of average"
) -> Parameter:
    """Return the choice of a moving average."""
    return Parameter(name, alias or name, "choice", default, 0, 13, meaning, AVERAGES)


def average_warm_up(length: float, matype: float) -> int:
    """Candles before the first value of a moving average of that length and kind."""
    n = int(length)
    if n == 1:
        return 0
    return {
        "dema": 2 * (n - 1),
        "tema": 3 * (n - 1),
        "kama": n,
        "mama": 32,
        "t3": 6 * (n - 1),
        "hma": n + math.isqrt(n) - 2,
        "zlema": n - 1 + (n - 1) // 2,
    }.get(_NAMES[int(matype)], n - 1)


def average_settling(length: float, matype: float) -> int:
    """Candles until a moving average of that length and kind has forgotten its first value."""
    warm_up = average_warm_up(length, matype)
    if length == 1:
        return 0
    stages = {"ema": 1, "dema": 2, "tema": 3, "t3": 6, "zlema": 1}
    name = _NAMES[int(matype)]
    if name in stages:
        return warm_up + stages[name] * exponential(length)
    if name == "rma":
        return warm_up + wilder(length)
    if name in ("kama", "mama"):
        return warm_up + fading(_KAMA_KEEPS if name == "kama" else _MAMA_KEEPS)
    return warm_up


AT_ONCE: Final = Rule("0", lambda *_: 0)
ONE: Final = Rule("1", lambda *_: 1)
WINDOW: Final = Rule("period - 1", lambda n, *_: n - 1)
CHANGE: Final = Rule("period", lambda n, *_: n)
LONGER: Final = Rule("the longer period - 1", lambda *n: max(n) - 1)
UNBOUNDED: Final = Rule("no bound is known: it adapts to the prices", lambda *_: 512)

EXPONENTIAL: Final = Rule(
    "warm-up + candles until ((period - 1) / (period + 1)) ** candles < 1e-9",
    lambda n, *_: n - 1 + exponential(n),
)
WILDER: Final = Rule(
    "warm-up + candles until ((period - 1) / period) ** candles < 1e-9",
    lambda n, *_: n + wilder(n),
)


def exponentials(stages: int) -> Rule:
    """Return the settling length of an average of averages, each exponential."""
    return Rule(
        f"{stages} times that of ema(period)", lambda n, *_: stages * (n - 1 + exponential(n))
    )


def fixed(candles: int) -> Rule:
    """Return a warm-up that depends on no parameter."""
    return Rule(str(candles), lambda *_: candles)
