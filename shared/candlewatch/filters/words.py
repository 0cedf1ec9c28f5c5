"""The words of the language: names of values and functions, and the nearest right one.

Functions of our own are described here for authors; what TA-Lib computes is in the catalog of
indicators. `WRITTEN_ELSEWHERE` maps what other tools call a thing to the word here.
"""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING, Final

from candlewatch.frames.window import FIELDS

if TYPE_CHECKING:
    from collections.abc import Iterable

TIME_NAMES: Final = ("minute", "hour", "weekday", "day", "month")
MEANS: Final = {
    "hl2": ("high", "low"),
    "hlc3": ("high", "low", "close"),
    "ohlc4": ("open", "high", "low", "close"),
}
SERIES: Final = (*FIELDS, *MEANS, *TIME_NAMES)

ELEMENTWISE: Final = (
    "abs", "sqrt", "exp", "ln", "log", "log10", "floor", "ceil", "sin", "cos", "tan",
    "asin", "acos", "atan", "sinh", "cosh", "tanh",
)  # fmt: skip

OWN_FUNCTIONS: Final[dict[str, tuple[str, str]]] = {
    "at": ('at("4h", x)', "x on a longer timeframe, as of its last candle closed by then"),
    "of": ('of("BTCUSDT", x)', "x of one symbol, the same for every symbol"),
    "rank": ("rank(x)", "1 for the highest x of all trading symbols of the quote asset"),
    "percentile": ("percentile(x)", "share of those symbols with a lower x, 0 to 100"),
    "market_mean": ("market_mean(x)", "mean of x over those symbols"),
    "crossed_above": ("crossed_above(a, b)", "a > b now, and a <= b one candle before"),
    "crossed_below": ("crossed_below(a, b)", "a < b now, and a >= b one candle before"),
    "rising": ("rising(x, n=1)", "x has risen on each of the last n candles"),
    "falling": ("falling(x, n=1)", "x has fallen on each of the last n candles"),
    "highest": ("highest(x, n)", "highest x of the last n candles, this one included"),
    "lowest": ("lowest(x, n)", "lowest x of the last n candles, this one included"),
    "bars_since": ("bars_since(c, n=100)", "candles since c was last true, at most n; 0 is now"),
    "change": ("change(x, n=1)", "x minus x of n candles before"),
    "change_pct": ("change_pct(x, n=1)", "change over n candles, in percent of x then"),
    "zscore": ("zscore(x, n)", "distance of x from its mean over n candles, in deviations"),
    "percent_rank": ("percent_rank(x, n)", "share of the n values before that are <= x, 0 to 100"),
    "shift": ("shift(x, n)", "x of n candles before; written x[n] for short"),
    "prev": ("prev(x, n=1)", "the same"),
    "any": ("any(c, n)", "c was true on one of the last n candles"),
    "all": ("all(c, n)", "c was true on each of the last n candles"),
    "count": ("count(c, n)", "on how many of the last n candles c was true"),
    "sum": ("sum(x, n)", "sum of x over the last n candles"),
    "min": ("min(a, b, ...)", "the lowest of several values; min(x, n) is lowest(x, n)"),
    "max": ("max(a, b, ...)", "the highest of several values; max(x, n) is highest(x, n)"),
    "abs": ("abs(x)", "x without its sign"),
}  # fmt: skip

ALIASES: Final = {
    "crossover": "crossed_above",
    "crossunder": "crossed_below",
    "crosses_above": "crossed_above",
    "crosses_below": "crossed_below",
    "crossing_above": "crossed_above",
    "crossing_below": "crossed_below",
    "log": "ln",
}

WRITTEN_ELSEWHERE: Final = {
    "vol": "volume",
    "price": "close",
    "Close": "close",
    "barssince": "bars_since",
    "pct_change": "change_pct",
    "roc_pct": "change_pct",
    "diff": "change",
    "rolling_max": "highest",
    "rolling_min": "lowest",
    "rolling_mean": "sma",
    "mean": "sma",
    "average": "sma",
    "avg": "sma",
    "std": "stddev",
    "stdev": "stddev",
    "bollinger": "bbands",
    "bb": "bbands",
    "stochastic": "stoch",
    "valuewhen": "bars_since",
    "cross": "crossed_above",
    "cross_above": "crossed_above",
    "cross_below": "crossed_below",
    "true": "True",
    "false": "False",
    "dayofweek": "weekday",
    "request": "at",
    "security": "of",
    "pow": "**",
}


SHORT_WORD: Final = 3
"""One wrong letter of three leaves two thirds alike; longer words have to be more so."""


def nearest(word: str, known: Iterable[str]) -> str:
    """Return a hint with the nearest right name, or nothing.

    Args:
        word: what the author wrote.
        known: the names that would be right in its place.
    """
    names = tuple(known)
    if word in WRITTEN_ELSEWHERE and WRITTEN_ELSEWHERE[word] in (*names, "True", "False", "**"):
        return f"did you mean {WRITTEN_ELSEWHERE[word]}?"
    lower = word[:64].lower()
    if lower in names:
        return f"did you mean {lower}?"
    aliases = [alias for alias, meant in ALIASES.items() if meant in names]
    cutoff = 0.65 if len(lower) <= SHORT_WORD else 0.76
    close = get_close_matches(lower, (*names, *aliases), n=1, cutoff=cutoff)
    return f"did you mean {ALIASES.get(close[0], close[0])}?" if close else ""
