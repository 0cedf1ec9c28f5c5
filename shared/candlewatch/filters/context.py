"""Move an expression to another timeframe (`at`) or to another symbol (`of`).

A name in a filter stands for its expression, so `at("4h", trend)` is the trend as it is on 4h
candles. The graph is rebuilt from its leaves: only they know a timeframe or a symbol.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from candlewatch.filters import graph
from candlewatch.timeframes import TIMEFRAMES

if TYPE_CHECKING:
    from collections.abc import Callable

    from candlewatch.filters.graph import Node
    from candlewatch.indicators.indicator import Bound
    from candlewatch.timeframes import Timeframe


def at_timeframe(root: Node, timeframe: Timeframe, base: Timeframe) -> Node:
    """Return the expression on a longer timeframe, as of its last candle closed by then.

    Raises:
        ValueError: the expression itself holds `at`, or what it uses does not exist there.
    """
    if timeframe == base or not root.timeframe:
        return root
    if any(node.kind == "align" for node in graph.reachable((root,))):
        raise ValueError("at() inside at(): an expression lives on one timeframe")

    def leaf(node: Node) -> Node | None:
        if node.kind == "field":
            symbol, name = node.value
            return graph.field(timeframe.name, name, symbol)
        return graph.time_of(timeframe.name, str(node.value)) if node.kind == "time" else None

    return graph.align(base.name, _rebuilt(root, leaf))


def of_symbol(root: Node, symbol: str) -> Node:
    """Return the expression of one symbol, the same for every symbol.

    Raises:
        ValueError: the expression itself holds `of`.
    """
    if not root.timeframe:
        return root
    for node in graph.reachable((root,)):
        named = node.kind == "field" and node.value[0] is not None
        if named or node.kind == "pick":
            raise ValueError("of() inside of(): an expression belongs to one symbol")

    def leaf(node: Node) -> Node | None:
        if node.kind == "field":
            return graph.field(node.timeframe, node.value[1], symbol)
        # Time too is unknown where there is no such symbol.
        return graph.pick(symbol, node) if node.kind in ("cross", "time") else None

    return _rebuilt(root, leaf)


def _rebuilt(root: Node, leaf: Callable[[Node], Node | None]) -> Node:
    """Return the graph with other leaves; nothing under a replaced node is looked at."""
    moved: dict[Node, Node] = {}
    for node in graph.reachable((root,)):
        replaced = leaf(node)
        if replaced is None:
            inputs = tuple(moved[operand] for operand in node.inputs)
            replaced = node if inputs == node.inputs else _like(node, inputs)
        moved[node] = replaced
    return moved[root]


def _like(node: Node, inputs: tuple[Node, ...]) -> Node:
    """Return the same term over other inputs."""
    first = inputs[0]
    match node.kind:
        case "output":
            return _output_like(node, inputs)
        case "shift":
            return graph.shift(first, node.extra)
        case "pick":
            return graph.pick(str(node.value), first)
        case "cross":
            return graph.cross_section(str(node.value), first)
        case "align":
            return graph.align(node.timeframe, first)
        case _:
            return graph.remade(node, inputs)


def _output_like(node: Node, inputs: tuple[Node, ...]) -> Node:
    """Return the output of the indicator in its new surroundings, which may refuse it."""
    whole = inputs[0]
    bound: Bound = whole.value
    if bound.indicator.session:
        bound = bound.indicator.bind(bound.arguments, TIMEFRAMES[whole.timeframe])
    return graph.output(bound, whole.inputs, int(node.value))
