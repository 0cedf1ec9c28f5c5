"""Filters in plain Python, one symbol and one filter at a time: the yardstick of the engine."""

from __future__ import annotations

import math
import operator
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import numpy as np

    from candlewatch.filters.graph import Node

_OPERATORS: Final[dict[str, Callable[[Any, Any], Any]]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "min": min,
    "max": max,
}


def plainly(root: Node, leaves: Mapping[Node, Any], symbols: int) -> list[bool | None]:
    """Return what a filter is for every symbol on the newest candle.

    Args:
        root: the filter's condition.
        leaves: terms of history, computed already.
        symbols: how many there are.
    """
    shared: dict[tuple[Node, int], list[Any]] = {}
    return [_Symbol(leaves, place, shared).of(root, 0) for place in range(symbols)]


class _Symbol:
    """The terms of one symbol, each computed once."""

    def __init__(
        self, leaves: Mapping[Node, Any], place: int, shared: dict[tuple[Node, int], list[Any]]
    ) -> None:
        self._leaves = leaves
        self._place = place
        self._shared = shared
        self._known: dict[tuple[Node, int], Any] = {}

    def of(self, node: Node, lag: int) -> Any:
        """Return a term so many candles back; None is unknown."""
        key = node, lag
        if key not in self._known:
            leaf = self._leaves.get(node)
            self._known[key] = self._computed(node, lag) if leaf is None else self._leaf(leaf, lag)
        return self._known[key]

    def _leaf(self, leaf: Any, lag: int) -> Any:
        if isinstance(leaf, tuple):
            true, false = (self._cell(part, lag) for part in leaf)
            return True if true else False if false else None
        value = float(self._cell(leaf, lag))
        return None if math.isnan(value) else value

    def _cell(self, values: np.ndarray, lag: int) -> Any:
        return values[self._place if len(values) > 1 else 0, values.shape[1] - 1 - lag]

    def _computed(self, node: Node, lag: int) -> Any:  # noqa: PLR0911 (one for each kind)
        match node.kind:
            case "number":
                return node.value
            case "truth":
                return node.value == "True"
            case "shift":
                return self.of(node.inputs[0], lag + node.extra)
            case "align":
                return self.of(node.inputs[0], 0)
            case "not":
                value = self.of(node.inputs[0], lag)
                return None if value is None else not value
            case "and":
                left, right = (self.of(part, lag) for part in node.inputs)
                if left is False or right is False:
                    return False
                return None if left is None or right is None else True
            case "choose" | "where":
                condition = self.of(node.inputs[0], lag)
                if condition is None:
                    return None
                return self.of(node.inputs[1 if condition else 2], lag)
        return self._number(node, [self.of(part, lag) for part in node.inputs], lag)

    def _number(  # noqa: PLR0911 (one for each kind)
        self, node: Node, given: list[Any], lag: int
    ) -> Any:
        if node.kind == "cross":
            return self._cross(node, lag)
        if any(value is None for value in given):
            return None
        match node.kind:
            case "less":
                return given[0] < given[1]
            case "equal":
                return given[0] == given[1]
            case "number_of":
                return float(given[0])
            case "unary":
                return abs(given[0]) if node.value == "abs" else -given[0]
        try:
            value = _OPERATORS[str(node.value)](given[0], given[1])
        except ZeroDivisionError:
            return None
        return value if math.isfinite(value) else None

    def _cross(self, node: Node, lag: int) -> Any:
        own = self.of(node.inputs[0], lag)
        symbols = max(len(leaf) for leaf in self._leaves.values() if not isinstance(leaf, tuple))
        known = self._shared.get((node, lag))
        if known is None:
            others = [_Symbol(self._leaves, place, self._shared) for place in range(symbols)]
            values = [other.of(node.inputs[0], lag) for other in others]
            known = self._shared[node, lag] = [value for value in values if value is not None]
        if node.value == "market_mean":
            return math.fsum(known) / len(known) if known else None
        if own is None:
            return None
        if node.value == "rank":
            return 1.0 + sum(value > own for value in known)
        return 100.0 * sum(value < own for value in known) / (len(known) - 1)
