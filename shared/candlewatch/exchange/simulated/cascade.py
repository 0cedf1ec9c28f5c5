"""The parts of the synthetic market's construction: weekly candles, and how one is dealt to parts.

Prices are whole steps, amounts whole lots; arrays have the parts of a candle on their last axis.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from candlewatch.exchange.simulated.chance import normal

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from candlewatch.exchange.simulated.symbols import Traits

FIRST_WEEK: Final = 2_484
"""The week of 2017-08-14."""
LAST_WEEK: Final = 3_800
"""The week of 2042-10-27."""

RANGE_PER_DEVIATION: Final = 1.6
"""Expected range of Brownian motion in standard deviations. Source: W. Feller, 1951."""
QUOTES_PER_UNIT: Final = 100.0


@dataclass(frozen=True)
class WholeCandles:
    """Whole numbers, shape (symbols, candles): prices in steps, amounts in lots and cents."""

    opens: NDArray[np.int64]
    highs: NDArray[np.int64]
    lows: NDArray[np.int64]
    closes: NDArray[np.int64]
    lots: NDArray[np.int64]
    quotes: NDArray[np.int64]

    def cut(self, start: int, end: int) -> WholeCandles:
        """Return a span of the candles."""
        return WholeCandles(
            *(getattr(self, name)[:, start:end] for name in self.__dataclass_fields__)
        )


def extremes(
    own: NDArray[np.uint64],
    nodes: NDArray[np.float64],
    shares: NDArray[np.float64],
    alive: NDArray[np.bool_],
    above: WholeCandles,
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return highs and lows of the parts; one part reaches the candle's high and one its low."""
    top = np.maximum(nodes[..., :-1], nodes[..., 1:])
    bottom = np.minimum(nodes[..., :-1], nodes[..., 1:])
    deviation = (above.highs - above.lows)[..., None] / RANGE_PER_DEVIATION * np.sqrt(shares)
    reach_up = np.rint(np.abs(normal(own, 6)) * deviation * 0.4)
    reach_down = np.rint(np.abs(normal(own, 7)) * deviation * 0.4)
    highs = np.minimum(top + reach_up, above.highs[..., None])
    lows = np.maximum(bottom - reach_down, above.lows[..., None])
    traded = alive.any(axis=-1)
    highest = np.argmax(np.where(alive, highs, -np.inf), axis=-1)[..., None]
    lowest = np.argmin(np.where(alive, lows, np.inf), axis=-1)[..., None]
    np.put_along_axis(highs, highest, np.where(traded, above.highs, highs[..., 0])[..., None], -1)
    np.put_along_axis(lows, lowest, np.where(traded, above.lows, lows[..., 0])[..., None], -1)
    return highs, lows


def dealt(
    total: NDArray[np.int64], weights: NDArray[np.float64], alive: NDArray[np.bool_], least: int
) -> NDArray[np.int64]:
    """Deal whole lots to the parts by weight; those that trade get at least `least`."""
    weights = np.where(alive, weights, 0.0)
    count = alive.sum(axis=-1)
    free = np.maximum(total - least * count, 0)[..., None]
    passed = np.cumsum(weights, axis=-1)
    whole = passed[..., -1:]
    shares = passed / np.where(whole > 0, whole, 1.0)
    ends = np.floor(free * shares).astype(np.int64)
    last = (alive.cumsum(axis=-1) == count[..., None]) & (count > 0)[..., None]
    ends = np.where(last, free, ends)
    amounts: NDArray[np.int64] = np.diff(ends, axis=-1, prepend=0) + np.where(alive, least, 0)
    return amounts


def walk_weeks(
    traits: Traits, steps: NDArray[np.float64], lots: NDArray[np.float64], seed: int
) -> WholeCandles:
    """Walk the weekly candles of all symbols, from the first week to the last."""
    chance = np.random.default_rng(seed + 1)
    symbols, weeks = len(traits.prices), LAST_WEEK - FIRST_WEEK
    market = chance.standard_t(5, weeks) * np.sqrt(3 / 5)
    single = chance.standard_t(4, (weeks, symbols)) * np.sqrt(2 / 4)
    variance = np.ones(symbols)
    place, nodes, calm = np.zeros(symbols), [np.zeros(symbols)], []
    for week in range(weeks):
        draw = traits.follows * market[week] + np.sqrt(1 - traits.follows**2) * single[week]
        shock = np.clip(np.sqrt(variance) * draw, -4.5, 4.5)
        calm.append(np.sqrt(variance))
        place = 0.985 * place + traits.swings * shock
        nodes.append(place)
        variance = 0.12 + 0.14 * shock**2 + 0.74 * variance
    path = np.rint(traits.prices * np.exp(np.array(nodes)) * steps).T
    opens, closes = np.maximum(path[:, :-1], 50), np.maximum(path[:, 1:], 50)
    spread = np.array(calm).T * traits.swings[:, None] * 0.5
    up, down = np.abs(chance.normal(size=(2, symbols, weeks))) * spread + 0.01
    highs = np.ceil(np.maximum(opens, closes) * np.exp(up))
    lows = np.floor(np.minimum(opens, closes) * np.exp(-down))
    turnover = traits.turnovers[:, None] * np.exp(
        chance.normal(0, 0.3, (symbols, weeks)) + spread * 4
    )
    amounts = turnover / ((opens + closes) / 2 / steps[:, None]) * lots[:, None]
    whole = (opens, highs, lows, closes, amounts, turnover * QUOTES_PER_UNIT)
    return WholeCandles(*(item.astype(np.int64) for item in whole))
