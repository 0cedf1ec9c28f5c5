"""Markets that the indicators' tests make: random walks with every price above zero."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from candlewatch.indicators.catalog import Indicator

Array = NDArray[np.float64]
Market = dict[str, Array]


def random_market(symbols: int = 3, candles: int = 700, seed: int = 1) -> Market:
    """Return open, high, low, close and volume, each of the shape (symbols, candles)."""
    random = np.random.default_rng(seed)
    close = 100 * np.exp(np.cumsum(random.normal(0, 0.01, (symbols, candles)), axis=1))
    opened = np.concatenate((close[:, :1], close[:, :-1]), axis=1)
    wick = 1 + np.abs(random.normal(0, 0.004, (2, symbols, candles)))
    return {
        "open": opened,
        "high": np.maximum(opened, close) * wick[0],
        "low": np.minimum(opened, close) / wick[1],
        "close": close,
        "volume": random.lognormal(3, 1, (symbols, candles)),
    }


def inputs_of(indicator: Indicator, market: Market) -> tuple[Array, ...]:
    """Return the inputs of an indicator, with the close for any series and the high beside it."""
    series = {**market, "real": market["close"], "real0": market["close"], "real1": market["high"]}
    return tuple(series[name] for name in indicator.inputs)


def cut(market: Market, begin: int, end: int) -> Market:
    """Return the candles from `begin` to before `end`."""
    return {name: values[:, begin:end] for name, values in market.items()}


def with_gaps(market: Market, gaps: NDArray[np.bool_]) -> Market:
    """Return a copy in which the marked candles are unknown."""
    return {name: np.where(gaps, np.nan, values) for name, values in market.items()}
