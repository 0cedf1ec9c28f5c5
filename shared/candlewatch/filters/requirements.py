"""What a filter needs, by arithmetic on its graph before anything runs.

Every node is asked for so many newest candles; it asks its inputs for those and for what it looks
back itself. Going from the result to the leaves, each node's largest request is final when it is
reached. Two counts go along: the candles that the formula reads, which the limit on lookback is
about, and those that have to be loaded, since indicators start at fixed blocks.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import log2
from typing import TYPE_CHECKING, Final

from candlewatch.filters.graph import Node, reachable
from candlewatch.timeframes import TIMEFRAMES

if TYPE_CHECKING:
    from candlewatch.indicators.indicator import Bound

_ROW: Final = 0.0002
"""Cost of one elementary operation on one candle, in passes of a simple moving average."""
_WEIGHTS: Final = {"power": 100.0, "cross": 50.0, "unary": 2.0}


@dataclass(frozen=True)
class Requirements:
    """What a filter needs.

    Attributes:
        needs: candles to load, by name of the timeframe.
        lookback: candles before the newest that the formula reads, by name of the timeframe.
        cost: 1.0 = a pass of a simple moving average over 500 candles of all symbols.
        symbols: symbols named by `of`, in alphabetical order.
        indicators: distinct indicators, each as often as it has distinct inputs.
        node_count: nodes of the graph.
    """

    needs: dict[str, int]
    lookback: dict[str, int]
    cost: float
    symbols: tuple[str, ...]
    indicators: tuple[Bound, ...]
    node_count: int


def requirements(root: Node, timeframe: str) -> Requirements:
    """Return what the filter with this root, on this timeframe, needs."""
    nodes = reachable((root,))
    reads: dict[Node, int] = dict.fromkeys(nodes, 1)
    loads: dict[Node, int] = dict.fromkeys(nodes, 1)
    needs, lookback = {timeframe: 1}, {timeframe: 0}
    symbols: set[str] = set()
    indicators: list[Bound] = []
    cost = 0.0
    for node in reversed(nodes):
        read, load = reads[node], loads[node]
        kind = node.kind
        if kind == "field":
            needs[node.timeframe] = max(load, needs.get(node.timeframe, 1))
            lookback[node.timeframe] = max(read - 1, lookback.get(node.timeframe, 0))
            if node.value[0] is not None:
                symbols.add(node.value[0])
            continue
        if kind == "indicator":
            bound: Bound = node.value
            indicators.append(bound)
            cost += bound.cost * (1 + (load - 1) / (bound.seed + bound.block))
            read += bound.warm_up
            reach = bound.seed + bound.block
            load = max(load, reach) if bound.anchored else load + reach - 1
        elif kind == "align":
            read = aligned(read, node.timeframe, node.inputs[0].timeframe)
            load = aligned(load, node.timeframe, node.inputs[0].timeframe)
        elif kind == "pick":
            symbols.add(str(node.value))
        else:
            cost += _ROW * load * _weight(node)
            read += node.extra
            load += node.extra
        for operand in node.inputs:
            reads[operand] = max(reads[operand], read)
            loads[operand] = max(loads[operand], load)
    return Requirements(
        needs, lookback, cost + _ROW, tuple(sorted(symbols)), tuple(indicators), len(nodes)
    )


def aligned(candles: int, base: str, longer: str) -> int:
    """Return how many long candles `candles` base candles in a row can see at most."""
    return -(-(candles - 1) * TIMEFRAMES[base].ms // TIMEFRAMES[longer].ms) + 1


def _weight(node: Node) -> float:
    """Return how many elementary operations a node makes per candle."""
    if node.kind != "rolling":
        return _WEIGHTS.get(node.kind, 0.0 if node.kind in ("output", "shift") else 1.0)
    function, candles = node.value
    if function in ("zscore", "percent_rank", "bars_since"):
        return 2.0 * float(candles)
    return 1.0 + log2(candles)
