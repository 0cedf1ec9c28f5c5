"""Slow and obvious twins of the main indicators: plain lists, one symbol, no NumPy.

Each takes lists (oldest candle first) and returns one list per output, None where not yet known.
The seeds are those that the catalog's sources state: an exponential average begins with the mean
of its first period, Wilder's averages with the mean (or the sum) of theirs.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

Row = list[float | None]
Values = Sequence[float]


def windows(x: Values, n: int) -> list[Values | None]:
    return [x[t - n + 1 : t + 1] if t >= n - 1 else None for t in range(len(x))]


def mean(x: Values) -> float:
    return math.fsum(x) / len(x)


def sma(x: Values, n: int) -> Row:
    return [None if w is None else mean(w) for w in windows(x, n)]


def wma(x: Values, n: int) -> Row:
    weights = range(1, n + 1)
    return [
        None
        if w is None
        else math.fsum(a * b for a, b in zip(w, weights, strict=True)) / sum(weights)
        for w in windows(x, n)
    ]


def smoothed(x: Values, n: int, share: float) -> Row:
    out: Row = [None] * (n - 1)
    value = mean(x[:n])
    out.append(value)
    for new in x[n:]:
        value += share * (new - value)
        out.append(value)
    return out


def ema(x: Values, n: int) -> Row:
    return smoothed(x, n, 2 / (n + 1))


def known(x: Row) -> list[float]:
    return [value for value in x if value is not None]


def late(x: Row, length: int) -> Row:
    return [None] * (length - len(x)) + x


def ema_of(x: Row, n: int) -> Row:
    return late(ema(known(x), n), len(x))


def combined(*rows: Row, by: Sequence[float]) -> Row:
    return [
        None
        if any(value is None for value in column)
        else sum(value * weight for value, weight in zip(column, by, strict=True) if value)
        for column in zip(*rows, strict=True)
    ]


def dema(x: Values, n: int) -> Row:
    once = ema(x, n)
    return combined(once, ema_of(once, n), by=(2, -1))


def tema(x: Values, n: int) -> Row:
    once = ema(x, n)
    twice = ema_of(once, n)
    return combined(once, twice, ema_of(twice, n), by=(3, -3, 1))


def trix(x: Values, n: int) -> Row:
    thrice = ema_of(ema_of(ema(x, n), n), n)
    return late([None, *roc(known(thrice), 1)[1:]], len(x))


def macd(x: Values, fast: int, slow: int, signal: int) -> tuple[Row, Row, Row]:
    # The faster average begins when the slower does, with the mean of its last `fast` values.
    begun = late(ema(x[slow - fast :], fast), len(x))
    line = combined(begun, ema(x, slow), by=(1, -1))
    average = ema_of(line, signal)
    line = [
        value if other is not None else None for value, other in zip(line, average, strict=True)
    ]
    return line, average, combined(line, average, by=(1, -1))


def rsi(x: Values, n: int) -> Row:
    moves = [b - a for a, b in pairwise(x)]
    gains = smoothed([max(move, 0.0) for move in moves], n, 1 / n)
    losses = smoothed([max(-move, 0.0) for move in moves], n, 1 / n)
    out: Row = [None]
    for gain, loss in zip(gains, losses, strict=True):
        out.append(None if gain is None or loss is None else 100 * gain / (gain + loss))
    return out


def var(x: Values, n: int) -> Row:
    return [
        None if w is None else math.fsum((v - mean(w)) ** 2 for v in w) / n for w in windows(x, n)
    ]


def stddev(x: Values, n: int, factor: float) -> Row:
    return [None if v is None else factor * math.sqrt(v) for v in var(x, n)]


def bbands(x: Values, n: int, up: float, down: float, _matype: int) -> tuple[Row, Row, Row]:
    middle, width = sma(x, n), stddev(x, n, 1)
    return combined(middle, width, by=(1, up)), middle, combined(middle, width, by=(1, -down))


def linearreg(x: Values, n: int) -> Row:
    center = (n - 1) / 2
    spread = sum((place - center) ** 2 for place in range(n))
    out: Row = []
    for w in windows(x, n):
        if w is None:
            out.append(None)
            continue
        slope = math.fsum((place - center) * v for place, v in enumerate(w)) / spread
        out.append(mean(w) + slope * (n - 1 - center))
    return out


def mom(x: Values, n: int) -> Row:
    return [None if t < n else x[t] - x[t - n] for t in range(len(x))]


def roc(x: Values, n: int) -> Row:
    return [None if t < n else 100 * (x[t] / x[t - n] - 1) for t in range(len(x))]


def kama(x: Values, n: int) -> Row:
    out: Row = [None] * n
    value = x[n - 1]
    for t in range(n, len(x)):
        noise = math.fsum(abs(x[i] - x[i - 1]) for i in range(t - n + 1, t + 1))
        share = (abs(x[t] - x[t - n]) / noise * (2 / 3 - 2 / 31) + 2 / 31) ** 2
        value += share * (x[t] - value)
        out.append(value)
    return out


def trange(hi: Values, lo: Values, c: Values) -> list[float]:
    return [
        max(hi[t] - lo[t], abs(hi[t] - c[t - 1]), abs(lo[t] - c[t - 1])) for t in range(1, len(c))
    ]


def atr(hi: Values, lo: Values, c: Values, n: int) -> Row:
    return [None, *smoothed(trange(hi, lo, c), n, 1 / n)]


def natr(hi: Values, lo: Values, c: Values, n: int) -> Row:
    return [
        None if a is None else 100 * a / close
        for a, close in zip(atr(hi, lo, c, n), c, strict=True)
    ]


def wilder_sum(x: Values, n: int) -> list[float]:
    """Wilder's running sum: the first n - 1 added up, then each candle takes 1 / n of it off."""
    value = math.fsum(x[: n - 1])
    out = []
    for new in x[n - 1 :]:
        value += new - value / n
        out.append(value)
    return out


def adx(hi: Values, lo: Values, c: Values, n: int) -> Row:
    ups, downs = [], []
    for t in range(1, len(c)):
        up, down = hi[t] - hi[t - 1], lo[t - 1] - lo[t]
        ups.append(up if up > down and up > 0 else 0.0)
        downs.append(down if down > up and down > 0 else 0.0)
    plus, minus = wilder_sum(ups, n), wilder_sum(downs, n)
    dx = [100 * abs(p - m) / (p + m) for p, m in zip(plus, minus, strict=True)]
    return late(smoothed(dx, n, 1 / n), len(c))


def highest(x: Values, n: int) -> Row:
    return [None if w is None else max(w) for w in windows(x, n)]


def lowest(x: Values, n: int) -> Row:
    return [None if w is None else min(w) for w in windows(x, n)]


def raw_k(hi: Values, lo: Values, c: Values, n: int) -> list[float]:
    tops, floors = known(highest(hi, n)), known(lowest(lo, n))
    closes = c[n - 1 :]
    return [100 * (v - low) / (top - low) for v, top, low in zip(closes, tops, floors, strict=True)]


def stochf(hi: Values, lo: Values, c: Values, n: int, d: int, _kind: int) -> tuple[Row, Row]:
    k = raw_k(hi, lo, c, n)
    return late(list(k[d - 1 :]), len(c)), late(sma(k, d), len(c))


def stoch(hi: Values, lo: Values, c: Values, n: int, *smoothing: int) -> tuple[Row, Row]:
    k, _k_kind, d, _d_kind = smoothing
    slow = known(sma(raw_k(hi, lo, c, n), k))
    return late(list(slow[d - 1 :]), len(c)), late(sma(slow, d), len(c))


def willr(hi: Values, lo: Values, c: Values, n: int) -> Row:
    return late([k - 100 for k in raw_k(hi, lo, c, n)], len(c))


def cci(hi: Values, lo: Values, c: Values, n: int) -> Row:
    typical = [(a + b + d) / 3 for a, b, d in zip(hi, lo, c, strict=True)]
    out: Row = []
    for w in windows(typical, n):
        if w is None:
            out.append(None)
            continue
        center = mean(w)
        out.append((w[-1] - center) / (0.015 * mean([abs(v - center) for v in w])))
    return out


def aroon(hi: Values, lo: Values, n: int) -> tuple[Row, Row]:
    down: Row = []
    up: Row = []
    for lows, highs in zip(windows(lo, n + 1), windows(hi, n + 1), strict=True):
        if lows is None or highs is None:
            down.append(None)
            up.append(None)
            continue
        down.append(100 * max(t for t, v in enumerate(lows) if v == min(lows)) / n)
        up.append(100 * max(t for t, v in enumerate(highs) if v == max(highs)) / n)
    return down, up


def ultosc(hi: Values, lo: Values, c: Values, *lengths: int) -> Row:
    pressure = [c[t] - min(lo[t], c[t - 1]) for t in range(1, len(c))]
    ranges = trange(hi, lo, c)
    out: Row = [None] * max(lengths)
    for t in range(max(lengths), len(c)):
        parts = [math.fsum(pressure[t - n : t]) / math.fsum(ranges[t - n : t]) for n in lengths]
        out.append(100 * (4 * parts[0] + 2 * parts[1] + parts[2]) / 7)
    return out


def obv(x: Values, v: Values) -> Row:
    total = v[0]
    out: Row = [total]
    for t in range(1, len(x)):
        total += v[t] * ((x[t] > x[t - 1]) - (x[t] < x[t - 1]))
        out.append(total)
    return out


def ad(hi: Values, lo: Values, c: Values, v: Values) -> Row:
    total = 0.0
    out: Row = []
    for high, low, close, volume in zip(hi, lo, c, v, strict=True):
        total += ((close - low) - (high - close)) / (high - low) * volume
        out.append(total)
    return out


def mfi(hi: Values, lo: Values, c: Values, v: Values, n: int) -> Row:
    typical = [(a + b + d) / 3 for a, b, d in zip(hi, lo, c, strict=True)]
    out: Row = [None] * n
    for t in range(n, len(c)):
        span = range(t - n + 1, t + 1)
        rises = math.fsum(typical[i] * v[i] for i in span if typical[i] > typical[i - 1])
        falls = math.fsum(typical[i] * v[i] for i in span if typical[i] < typical[i - 1])
        out.append(100 * rises / (rises + falls))
    return out


def supertrend(
    hi: Values,
    lo: Values,
    c: Values,
    n: int,
    multiplier: float,
) -> tuple[Row, Row]:
    value: Row = []
    direction: Row = []
    upper = lower = 0.0
    rising = True
    for t, width in enumerate(atr(hi, lo, c, n)):
        if width is None:
            value.append(None)
            direction.append(None)
            continue
        middle = (hi[t] + lo[t]) / 2
        new_upper, new_lower = middle + multiplier * width, middle - multiplier * width
        first = t == n
        upper = new_upper if first or new_upper < upper or c[t - 1] > upper else upper
        lower = new_lower if first or new_lower > lower or c[t - 1] < lower else lower
        if not first:
            rising = c[t] >= lower if rising else c[t] > upper
        value.append(lower if rising else upper)
        direction.append(1.0 if rising else -1.0)
    return value, direction


def vwap(hi: Values, lo: Values, c: Values, v: Values, *, per_day: int) -> Row:
    out: Row = []
    for t in range(len(c)):
        day = range(t - t % per_day, t + 1)
        turnover = math.fsum((hi[i] + lo[i] + c[i]) / 3 * v[i] for i in day)
        out.append(turnover / math.fsum(v[i] for i in day))
    return out
