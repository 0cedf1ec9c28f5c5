"""Calls of the random filters, by the family of series that they give."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.filters.oracle.phrases import Phrases

TIMES = ("hour", "minute", "weekday", "day", "month")


def price(phrases: Phrases, inner: str) -> str:
    """Call a function that gives a price."""
    n = phrases.period()
    average = phrases.random.choice(("sma", "ema", "wma", "dema", "kama", "rma", "trima", "hma"))
    forms = {
        f"{average}({inner}, {n})": 10,
        f"highest({inner}, {n})": 3,
        f"lowest({inner}, {n})": 3,
        f"max({inner}, {n})": 1,
        f"min({inner}, close, open)": 1,
        f"sum({inner}, {n}) / {n}": 1,
        f"market_mean({inner})": 0.5,
        f"bbands(close, {n}, 2, 2).{phrases.output('bbands')}": 2,
        f"supertrend(7, 2).{phrases.output('supertrend')}": 1,
        "vwap()": 0 if "at" in phrases.inside else 1,
        "sar()": 1,
        f"abs({inner})": 0.5,
        f"floor({inner})": 0.3,
        f"atr({n})": 0.7,
        f"linearreg({inner}, {n})": 1,
    }
    return phrases.pick(forms)


def oscillator(phrases: Phrases, inner: str) -> str:
    """Call a function that gives a value from 0 to 100."""
    n = phrases.period()
    forms = {
        f"rsi({inner}, {n})": 6,
        f"rsi({inner}, period={n})": 0.5,
        f"mfi({n})": 1,
        f"adx({n})": 1,
        f"adx(high, low, close, {n})": 1,
        f"stoch().{phrases.output('stoch')}": 2,
        f"aroon({n}).{phrases.output('aroon')}": 1,
        f"percent_rank({inner}, {n})": 2,
        f"percentile({phrases.leaf('percent')})": 1,
        f"-willr({n})": 1,
        f"natr({n}) * 100": 1,
        f"cmo({inner}, {n})": 1,
    }
    return phrases.pick(forms)


def percent(phrases: Phrases, inner: str) -> str:
    """Call a function that gives a small number around 0."""
    n = phrases.period()
    forms = {
        f"change_pct({inner}, {n})": 6,
        f"zscore({inner}, {n})": 3,
        f"roc({inner}, {n})": 1,
        f"(100 * ({inner} / ema(close, {n}) - 1))": 2,
        f"(change({inner}, {n}) / atr(14))": 1,
        f"macd(close, 5, 12, 4).{phrases.output('macd')} * 100 / close": 2,
        f"ln(close / close[{n}]) * 100": 1,
        f"((close / open) ** {phrases.random.choice((2, 3, -1, 0.5, 1.5, 0))} - 1)": 1,
        "bop()" if "at" in phrases.inside else "(close - vwap()) / close * 100": 1,
        f"correl(close, volume, {n})": 0.7,
    }
    return phrases.pick(forms)


def volume(phrases: Phrases, inner: str) -> str:
    """Call a function that gives a volume."""
    n = phrases.period()
    forms = {
        f"sma(volume, {n})": 6,
        f"ema(volume, {n})": 2,
        f"highest(volume, {n})": 2,
        f"(volume * {inner} / close)": 1,
        f"sum(volume, {n}) / {n}": 1,
        f"volume[{n % 8}]": 2,
    }
    return phrases.pick(forms)


def count(phrases: Phrases, inner: str) -> str:
    """Call a function that gives a small whole number."""
    n = phrases.period()
    forms = {
        f"rank({inner})": 3,
        f"rank(change_pct(close, {n}))": 3,
        f"count(close > open, {n})": 2,
        f"bars_since(close > {inner}, {n})": 2,
        f"sum(close[i] > open[i] for i in range({n % 6 + 1}))": 1,
        f"{phrases.random.choice(TIMES)} // {n % 5 + 1}": 2,
    }
    return phrases.pick(forms)


def anything(phrases: Phrases, _inner: str) -> str:
    """Call a function that gives a number of any size."""
    n = phrases.period()
    forms = {
        "obv()": 2,
        "ad()": 1,
        f"linearreg_slope(close, {n})": 1,
        f"mom(close, {n})": 1,
        f"cci({n})": 1,
        f"macd().{phrases.output('macd')}": 3,
        f"sma(obv(), {n})": 0.5,
        f"sin(close / {n})": 0.5,
    }
    return phrases.pick(forms)


CALLS: dict[str, Callable[[Phrases, str], str]] = {
    "price": price,
    "oscillator": oscillator,
    "percent": percent,
    "volume": volume,
    "count": count,
    "any": anything,
}
