"""Terms over history: each as an array (rows, newest candles), from the leaves up.

    1. `_requests`  from the wanted terms down, each asks its inputs for the candles that it needs
    2. `_compute`   from the leaves up, each term once; what nobody reads any more is let go
    3. kept         what was wanted, and indicators, for all later batches of the same close

A row is a symbol, or the only row of what is the same for every symbol. The last column is the
newest candle of the term's timeframe that is closed at the moment of the epoch.
"""

from __future__ import annotations

from heapq import heappop, heappush
from typing import TYPE_CHECKING, Final

import numpy as np

from candlewatch.filters import kernels, rolling, terms
from candlewatch.filters.ranking import CrossSections
from candlewatch.timeframes import TIMEFRAMES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from candlewatch.filters.graph import Node
    from candlewatch.filters.kernels import Array
    from candlewatch.filters.terms import Result
    from candlewatch.filters.thresholds import Thresholds
    from candlewatch.frames.window import Market
    from candlewatch.indicators.indicator import Bound
    from candlewatch.timeframes import Timeframe

_KEPT_CANDLES: Final = 64
"""A term is kept for the batches of a close when few candles of it are wanted."""


class Epoch:
    """A moment: the close of candle `number` of the base timeframe, and what was known then.

    Attributes:
        market: windows and universe.
        base: the timeframe of the filters.
        number: of its newest candle.
        symbol_count: symbols, known or not.
        sections: symbols that are compared with one another.
        thresholds: rows of numbers sorted for many comparisons, by cell of the plan.
    """

    def __init__(self, market: Market, base: Timeframe, number: int) -> None:
        self.market = market
        self.base = base
        self.number = number
        self.symbol_count = len(market.universe.names)
        self.sections = CrossSections(market.universe)
        self.thresholds: dict[int, Thresholds] = {}
        self._closes_ms = (number + 1) * base.ms + base.offset_ms
        self._positions = {name: place for place, name in enumerate(market.universe.names)}
        self._kept: dict[Node, tuple[int, Result]] = {}

    def newest(self, timeframe: Timeframe) -> int:
        """Return the number of the newest candle of a timeframe that is closed now."""
        return (self._closes_ms - timeframe.offset_ms) // timeframe.ms - 1

    def known(self, need: int) -> NDArray[np.bool_]:
        """Return where a symbol's own candle is known, shape (symbols, need)."""
        return np.isfinite(self.field(self.base, "close", None, need))

    def evaluate(self, wanted: Mapping[Node, int]) -> dict[Node, Result]:
        """Return the newest candles of terms, as many as are wanted of each or more."""
        requests, readers = self._requests(wanted)
        done: dict[Node, Result] = {}
        for node in sorted(requests, key=lambda one: one.serial):
            need = requests[node]
            kept = self._kept.get(node)
            if kept is not None and kept[0] >= need:
                done[node] = terms.newest(kept[1], need)
                continue
            done[node] = self._compute(node, need, [done[operand] for operand in node.inputs])
            if need <= _KEPT_CANDLES and (node in wanted or node.kind == "indicator"):
                self._kept[node] = (need, done[node])
            for operand in node.inputs:
                readers[operand] -= 1
                if readers[operand] == 0 and operand not in wanted:
                    del done[operand]
        return {node: done[node] for node in wanted}

    def _requests(self, wanted: Mapping[Node, int]) -> tuple[dict[Node, int], dict[Node, int]]:
        """Return the candles that each term must have, and by how many terms it is read."""
        requests = dict(wanted)
        readers: dict[Node, int] = {}
        heap = [(-node.serial, node) for node in requests]
        heap.sort(key=lambda entry: entry[0])
        while heap:
            node = heappop(heap)[1]
            need = requests[node]
            kept = self._kept.get(node)
            if kept is not None and kept[0] >= need:
                continue
            asked = self._asked(node, need)
            for operand in node.inputs:
                readers[operand] = readers.get(operand, 0) + 1
                if operand not in requests:
                    heappush(heap, (-operand.serial, operand))
                requests[operand] = max(asked, requests.get(operand, 0))
        return requests, readers

    def _asked(self, node: Node, need: int) -> int:
        """Return how many candles a term needs of its inputs."""
        if node.kind == "align":
            long = TIMEFRAMES[node.inputs[0].timeframe]
            return self.newest(long) - int(self.seen(long, need)[0]) + 1
        if node.kind == "indicator":
            bound: Bound = node.value
            newest = self.newest(TIMEFRAMES[node.timeframe])
            start = bound.start(newest if bound.anchored else newest - need + 1)
            return max(need, newest - start + 1)
        return need + node.extra

    def _compute(  # noqa: PLR0911 (one for each kind)
        self, node: Node, need: int, inputs: list[Result]
    ) -> Result:
        match node.kind:
            case "field":
                symbol, name = node.value
                return self.field(TIMEFRAMES[node.timeframe], name, symbol, need)
            case "time":
                long = TIMEFRAMES[node.timeframe]
                return terms.time_of(node.value, long, self.newest(long), need)
            case "indicator":
                return self._indicator(node, need, inputs)
            case "output":
                values: Array = inputs[0][node.value]
                values = values[:, values.shape[1] - need :]
                return kernels.condition_of(values) if node.condition else values
            case "shift":
                return terms.before(inputs[0], node.extra, need)
            case "rolling":
                return self._rolling(node, need, inputs[0])
            case "align":
                long = TIMEFRAMES[node.inputs[0].timeframe]
                columns = self.seen(long, need) - self.newest(long) - 1
                return terms.columns(inputs[0], columns)
            case "pick":
                place = self._positions.get(node.value)
                return terms.row_of(place, terms.newest(inputs[0], need))
            case "cross":
                return self._cross(node.value, terms.newest(inputs[0], need))
            case _:
                return terms.elementwise(node, [terms.newest(operand, need) for operand in inputs])

    def field(self, timeframe: Timeframe, name: str, symbol: str | None, need: int) -> Array:
        """Return a field's newest candles; NaN where the window does not reach."""
        place = slice(None) if symbol is None else self._positions.get(symbol)
        rows = self.symbol_count if symbol is None else 1
        window = self.market.windows.get(timeframe.name)
        if window is None or place is None:
            return np.full((rows, need), np.nan)
        values = np.atleast_2d(window.field(name)[place])
        last = self.newest(timeframe) - window.first
        first = last - need + 1
        if first >= 0 and last < window.candle_count and values.shape[0] == rows:
            return values[:, first : last + 1]
        result = np.full((rows, need), np.nan)
        low, high = max(first, 0), min(last, window.candle_count - 1)
        if low <= high:
            result[: values.shape[0], low - first : high - first + 1] = values[:, low : high + 1]
        return result

    def _indicator(self, node: Node, need: int, inputs: list[Array]) -> tuple[Array, ...]:
        bound: Bound = node.value
        asked = self._asked(node, need)
        arrays = [values[:, values.shape[1] - asked :] for values in inputs]
        rows = max(values.shape[0] for values in arrays)
        arrays = [
            values if values.shape[0] == rows else np.repeat(values, rows, axis=0)
            for values in arrays
        ]
        first = self.newest(TIMEFRAMES[node.timeframe]) - asked + 1
        return bound.compute(arrays, first, need)

    def _rolling(self, node: Node, need: int, values: Result) -> Result:
        function, candles = node.value
        values = terms.newest(values, need + node.extra)
        if node.inputs[0].condition:
            return rolling.of_condition(function, values, candles, need)
        return rolling.of_series(function, values, candles, need)

    def seen(self, long: Timeframe, need: int) -> NDArray[np.int64]:
        """Return the number of the long candle that each of the newest base candles sees."""
        closes = np.arange(self.number - need + 2, self.number + 2) * self.base.ms
        return (closes + self.base.offset_ms - long.offset_ms) // long.ms - 1

    def _cross(self, function: str, values: Array) -> Array:
        rows = np.broadcast_to(values, (self.symbol_count, values.shape[1]))
        return self.sections.compute(function, rows.T).T
