"""A synthetic market: every candle of every symbol by its number alone, back to 2017.

    1. `walk_weeks`  a walk of weekly candles: volatility that clusters and reverts (GARCH), fat
                     tails, and one return of the market as a whole in which all symbols share
    2. `_split`      a candle becomes its parts: a bridge from its open to its close in its range,
                     uneven in time, so that calm and bursts of volume come on every scale
    3. `candles`     a timeframe is split from the next longer one: week, day, 4h, ... 1m

A long candle is thus exactly the sum of its short ones, for all history, and a candle in the
middle of 2019 costs as much as the newest. Prices are whole steps, amounts whole lots; nothing
drifts by rounding. Parts in which nothing is traded are flat at the previous close.

Source: B. Mandelbrot, A. Fisher, L. Calvet, "A Multifractal Model of Asset Returns", 1997;
T. Bollerslev, "Generalized Autoregressive Conditional Heteroskedasticity", 1986.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, Final

import numpy as np

from candlewatch.exchange.simulated.cascade import (
    FIRST_WEEK,
    LAST_WEEK,
    QUOTES_PER_UNIT,
    RANGE_PER_DEVIATION,
    WholeCandles,
    dealt,
    extremes,
    walk_weeks,
)
from candlewatch.exchange.simulated.chance import mix, normal, uniform
from candlewatch.exchange.simulated.symbols import make_symbols
from candlewatch.frames.derive import first_part, parts_of
from candlewatch.frames.window import FIELDS
from candlewatch.timeframes import TIMEFRAMES

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from candlewatch.exchange.simulated.source import Symbol
    from candlewatch.timeframes import Timeframe

_CHAIN: Final = tuple(reversed(TIMEFRAMES.values()))
_BLOCK: Final = 256
_BLOCKS: Final = 24


class SyntheticMarket:
    """A `Source`; not safe for several threads.

    Args:
        seed: the same gives the same market; any whole number from 0 on.
        count: of symbols.
        quote: asset in which all are priced.
    """

    def __init__(self, seed: int = 1, count: int = 300, quote: str = "USDT") -> None:
        self._seed = seed
        self._symbols, self._traits = make_symbols(
            seed, count, quote, (FIRST_WEEK, FIRST_WEEK + 430)
        )
        self._steps = 10.0 ** np.array([item.price_decimals for item in self._symbols])
        self._lots = 10.0 ** np.array([item.lot_decimals for item in self._symbols])
        rows = np.arange(count, dtype=np.uint64)
        self._keys = mix(rows + np.uint64(1), seed * 7919 + 13)[:, None]
        self._weekly = walk_weeks(self._traits, self._steps, self._lots, seed)
        self._blocks: OrderedDict[tuple[str, int], NDArray[np.float64]] = OrderedDict()

    @property
    def symbols(self) -> tuple[Symbol, ...]:
        """All symbols, by row."""
        return self._symbols

    @property
    def shortest(self) -> Timeframe:
        """One minute."""
        return _CHAIN[-1]

    def candles(self, timeframe: Timeframe, first: int, last: int) -> NDArray[np.float64]:
        """Return candles of all symbols, shape (fields, symbols, candles), NaN before listing."""
        parts = []
        for block in range(first // _BLOCK, last // _BLOCK + 1):
            values = self._block(timeframe, block)
            start, end = max(first - block * _BLOCK, 0), min(last + 1 - block * _BLOCK, _BLOCK)
            parts.append(values[:, :, start:end])
        return parts[0] if len(parts) == 1 else np.concatenate(parts, axis=2)

    def listed_ms(self, row: int) -> int:
        """Return when the symbol was listed, the start of a week."""
        return int(self._traits.listed_weeks[row]) * _CHAIN[0].ms + _CHAIN[0].offset_ms

    def _block(self, timeframe: Timeframe, block: int) -> NDArray[np.float64]:
        """Return a block of candles, made once and kept for a while."""
        key = (timeframe.name, block)
        if key not in self._blocks:
            first = block * _BLOCK
            self._blocks[key] = self._values(timeframe, first, first + _BLOCK - 1)
            while len(self._blocks) > _BLOCKS:
                self._blocks.popitem(last=False)
        self._blocks.move_to_end(key)
        return self._blocks[key]

    def _values(self, timeframe: Timeframe, first: int, last: int) -> NDArray[np.float64]:
        """Convert whole numbers to prices and amounts; NaN outside the market's time."""
        values = np.full((len(FIELDS), len(self._symbols), last - first + 1), np.nan)
        week = _CHAIN[0]
        start = max(
            first, first_part(week, timeframe, FIRST_WEEK) if timeframe != week else FIRST_WEEK
        )
        end = min(
            last, first_part(week, timeframe, LAST_WEEK) - 1 if timeframe != week else LAST_WEEK - 1
        )
        if end < start:
            return values
        whole = self._made(_CHAIN.index(timeframe), start, end)
        part = values[:, :, start - first : end + 1 - first]
        for field, prices in enumerate((whole.opens, whole.highs, whole.lows, whole.closes)):
            part[field] = prices / self._steps[:, None]
        part[4] = whole.lots / self._lots[:, None]
        part[5] = whole.quotes / QUOTES_PER_UNIT
        numbers = np.arange(start, end + 1)
        weeks = (numbers * timeframe.ms + timeframe.offset_ms - week.offset_ms) // week.ms
        part[:, weeks[None, :] < self._traits.listed_weeks[:, None]] = np.nan
        return values

    def _made(self, level: int, first: int, last: int) -> WholeCandles:
        """Return candles of a level of the chain, split from the level above."""
        if level == 0:
            return self._weekly.cut(first - FIRST_WEEK, last + 1 - FIRST_WEEK)
        long, short = _CHAIN[level - 1], _CHAIN[level]
        parts = parts_of(long, short)
        start = first_part(long, short, 0)
        above_first, above_last = (first - start) // parts, (last - start) // parts
        above = self._made(level - 1, above_first, above_last)
        numbers = np.arange(above_first, above_last + 1, dtype=np.int64)
        made = self._split(above, numbers, parts, level)
        skipped = first - start - above_first * parts
        return made.cut(skipped, skipped + last - first + 1)

    def _split(
        self, above: WholeCandles, numbers: NDArray[np.int64], parts: int, level: int
    ) -> WholeCandles:
        """Split each candle into its parts."""
        children = (numbers[:, None] * parts + np.arange(parts)).astype(np.uint64)
        common = children[None] + np.uint64(((self._seed * 101 + level) << 40) % 2**64)
        own = common ^ self._keys[:, :, None]
        alive, shares = self._activity(own, common, above.lots, level)
        nodes = self._bridge(own, common, shares, above)
        highs, lows = extremes(own, nodes, shares, alive, above)
        lots = dealt(above.lots, shares * np.exp(0.5 * normal(own, 5)), alive, least=1)
        middle = (nodes[..., :-1] + nodes[..., 1:]) * 0.5
        quotes = dealt(above.quotes, lots * middle, alive, least=0)
        shape = (len(self._symbols), -1)
        whole = (nodes[..., :-1], highs, lows, nodes[..., 1:], lots, quotes)
        return WholeCandles(*(item.astype(np.int64).reshape(shape) for item in whole))

    def _activity(
        self,
        own: NDArray[np.uint64],
        common: NDArray[np.uint64],
        lots: NDArray[np.int64],
        level: int,
    ) -> tuple[NDArray[np.bool_], NDArray[np.float64]]:
        """Return which parts trade at all, and what share of the candle's life each part has."""
        busy = np.exp(0.45 * normal(own, 1) + 0.35 * normal(common, 2))
        alive = np.ones(own.shape, bool)
        if level >= len(_CHAIN) - 2:
            alive = uniform(own, 3) >= self._traits.quiet[:, None, None]
            liveliest = busy == busy.max(axis=-1, keepdims=True)
            alive |= liveliest
            alive = np.where(alive.sum(axis=-1, keepdims=True) > lots[..., None], liveliest, alive)
        alive &= lots[..., None] > 0
        shares = np.where(alive, busy, 0.0)
        total = shares.sum(axis=-1, keepdims=True)
        return alive, shares / np.where(total > 0, total, 1.0)

    def _bridge(
        self,
        own: NDArray[np.uint64],
        common: NDArray[np.uint64],
        shares: NDArray[np.float64],
        above: WholeCandles,
    ) -> NDArray[np.float64]:
        """Return the prices between the parts: a bridge from open to close inside the range."""
        follows = self._traits.follows[:, None, None]
        draws = follows * normal(common, 4) + np.sqrt(1 - follows**2) * normal(own, 4)
        deviation = (above.highs - above.lows)[..., None] / RANGE_PER_DEVIATION
        walk = np.cumsum(np.sqrt(shares) * draws * deviation, axis=-1)
        passed = np.cumsum(shares, axis=-1)
        opens, closes = above.opens[..., None], above.closes[..., None]
        inner = opens + (closes - opens) * passed + walk - passed * walk[..., -1:]
        inner = np.rint(np.clip(inner, above.lows[..., None], above.highs[..., None]))
        # A part in which nothing is traded ends where the one before it ended, to the step.
        nodes = np.concatenate([opens.astype(np.float64), inner], axis=-1)
        ended = np.where(
            (shares > 0).cumsum(axis=-1) == (shares > 0).sum(axis=-1, keepdims=True), closes, inner
        )
        nodes[..., 1:] = np.where(shares.sum(axis=-1, keepdims=True) > 0, ended, opens)
        return nodes
