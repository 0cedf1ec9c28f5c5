# ruff: noqa: E501 (a filter is easier read on one line)
"""Fifty filters as people write them, with places for their constants.

`{14|7|21}` is one of some values, `{30..20..40}` a number between the last two; the first value is
the usual one. They run on 5m candles and look at 1h and 4h.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from random import Random

SHAPES: Final = (
    "rsi(close, {14|7|21}) < {30..20..40}",
    "crossed_above(rsi(close, {14|7|21}), {30..20..40}) and close > ema(close, 200)",
    "crossed_above(ema(close, {12|9}), ema(close, {26|21})) and volume > {1.5..1..3} * sma(volume, 20)",
    ("fast, slow = ema(close, {12|9}), ema(close, {26|21})\n"
    "uptrend = at('4h', close > ema(close, {50|100|200}))\n"
    "fast > slow and fast[1] <= slow[1] and uptrend"),
    "m = macd(close)\ncrossed_above(m.macd, m.signal) and m.macd < {0..-1..1}",
    "macd(close).hist > {0..-0.5..0.5} and rising(macd(close).hist, {3|2|4})",
    "close < bbands(close, 20, {2|2.5}).lower and rsi(close, 14) < {35..25..45}",
    "close > bbands(close, 20, 2).upper and volume > {2..1.2..4} * sma(volume, {20|50})",
    ("b = bbands(close, 20, 2)\nwidth = (b.upper - b.lower) / b.middle\n"
    "width < {0.02..0.005..0.05} and width == lowest(width, {50|100})"),
    "adx(14) > {25..18..35} and plus_di(14) > minus_di(14)",
    "atr(14) / close * 100 > {0.5..0.1..2}",
    "close > highest(high, {20|50})[1]",
    "close < lowest(low, {20|50})[1] and volume > {1.5..1..3} * sma(volume, 20)",
    "s = stoch(high, low, close)\ns.k < {20..10..30} and crossed_above(s.k, s.d)",
    "cci({20|14}) < {-100..-200..-50}",
    "mfi(14) < {20..10..35} and close > open",
    "willr(14) < {-80..-95..-60} and willr(14) > willr(14)[1]",
    "rank(change_pct(close, {24|12|48})) <= {10..3..30}",
    "percentile(volume * close) > {90..60..98} and change_pct(close, 12) > {1..0.2..4}",
    "change_pct(close, {12|6|24}) > {3..1..8}",
    "change_pct(close, 1) < {-1..-4..-0.3} and of('BTCUSDT', change_pct(close, 1)) > {-0.2..-1..0}",
    "of('BTCUSDT', rsi(close, 14)) > {50..40..60} and rsi(close, 14) < {40..30..50}",
    "of('BTCUSDT', close > ema(close, {50|200})) and crossed_above(close, ema(close, {20|50}))",
    "zscore(close, {20|50}) < {-2..-3..-1}",
    "zscore(volume, 50) > {3..1.5..5} and close > open",
    "percent_rank(close, 100) < {10..2..25} and close > close[1]",
    "obv() > sma(obv(), 20) and close > sma(close, 50) and rsi(close, 14) < {70..55..80}",
    "supertrend({10|7}, {3|2}).direction > 0 and supertrend({10|7}, {3|2}).direction[1] < 0",
    "close > vwap() and crossed_above(ema(close, 9), ema(close, 21)) and hour >= {8..0..20}",
    "cdlhammer() and rsi(close, 14) < {45..30..55}",
    "cdlengulfing().bullish and close > sma(close, {50|100})",
    "any(rsi(close, 14) < {30..20..38}, {3|5}) and close > ema(close, 9)",
    "all(close > ema(close, {20|50}), {3|5}) and adx(14) > {20..15..30}",
    "count(close > open, 10) >= {7|6|8} and volume > {1.2..0.8..2} * sma(volume, 20)",
    "any(crossed_above(close, sma(close, 50)) [i] for i in range(3)) and rsi(close, 14) > {50..40..60}",
    "bars_since(crossed_above(ema(close, 12), ema(close, 26)), 50) < {10..3..30} and close > hl2[1]",
    "rsi(close, 14) < {35..25..45} if at('1h', close > ema(close, 50)) else rsi(close, 14) < {20..12..30}",
    ("if at('4h', close > ema(close, 50)):\n    return rsi(close, 14) < {40..30..50}\n"
    "elif weekday >= 5:\n    return False\nelse:\n    return rsi(close, 14) < {25..15..30}"),
    ("trend = ema(close, 20) > ema(close, 50)\n"
    "trend and at('1h', trend) and at('4h', trend) and close < ema(close, 20) * {1.001..0.99..1.01}"),
    "at('1h', rsi(close, 14)) < {35..25..45} and crossed_above(close, ema(close, {9|20}))",
    ("body = abs(close - open)\nrange_ = high - low\n"
    "body > {0.6..0.4..0.9} * range_ and volume > {1.5..1..3} * volume[1]"),
    "mean = market_mean(change_pct(close, 12))\nchange_pct(close, 12) > mean + {1..0.3..4}",
    "sar() < low and sar()[1] > low[1] and adx(14) > {20..12..30}",
    "roc(close, {10|20}) > {2..0.5..5} and not rsi(close, 14) > {75..65..85}",
    "linearreg_slope(close, 14) / close * 10000 > {5..1..20}",
    "typical = hlc3\ntypical > sma(typical, 20) + {1.5..0.5..3} * stddev(typical, 20)",
    "ema(close, 9) > ema(close, 21) > ema(close, 50) and close < ema(close, 9) * {0.998..0.98..1}",
    "rsi(close, 14) < {30..20..40} or (close < bbands(close, 20, 2).lower and mfi(14) < {25..15..40})",
    ("pullback = (highest(high, 50) - close) / highest(high, 50) * 100\n"
    "pullback > {3..1..8} and pullback < {12..9..20} and close > ema(close, 200)"),
    "quiet = max(high - low, 0) < {0.7..0.3..1} * atr(14)\nall(quiet, 3) and close > open",
)  # fmt: skip

_CHOICE: Final = re.compile(r"\{([^{}|]+(?:\|[^{}|]+)+)\}")
_SPAN: Final = re.compile(r"\{([^{}.]*(?:\.\d+)?)\.\.([^{}]*?)\.\.([^{}]*)\}")


def usual(shape: str) -> str:
    """Return the filter with its usual constants."""
    text = _CHOICE.sub(lambda match: match[1].split("|")[0], shape)
    return _SPAN.sub(lambda match: match[1], text)


def varied(shape: str, random: Random) -> str:
    """Return the filter with constants as one of many authors would choose them."""
    text = _CHOICE.sub(lambda match: random.choice(match[1].split("|")), shape)
    return _SPAN.sub(lambda match: f"{random.uniform(float(match[2]), float(match[3])):.4g}", text)


REALISTIC: Final = tuple(usual(shape) for shape in SHAPES)
