"""The cells of a plan: one for each term and each candle back that its filters need.

    1. `CellTable.add`     from a filter's result down: a cell per (term, candles back) that is new
    2. leaves              what only a whole history can give: fields, indicators, rolling terms,
                           and terms that are needed at many candles back
    3. columns of numbers  kind, level and inputs of every cell, so that batches are cut out of
                           hundreds of thousands of cells by array operations alone

Cells of numbers and cells of conditions are counted together. A condition is referred to as twice
its cell, plus one where it is negated: `not` costs nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from candlewatch.filters.graph import FALSE, TRUE, Node
from candlewatch.settings import PLAN_LAGS_MAX

if TYPE_CHECKING:
    from numpy.typing import NDArray

LEAF: Final = 0
LEAF_CONDITION: Final = 1
ALWAYS: Final = 2
AND: Final = 3
CHOOSE: Final = 4
FIRST_NAMED: Final = 5
"""Kinds from here on are made as they come: an operation and which of its inputs are constant."""

_LEAVES: Final = frozenset(("field", "time", "output", "rolling", "pick"))
_CONDITION_KINDS: Final = frozenset((LEAF_CONDITION, ALWAYS, AND, CHOOSE))
_GROWTH: Final = 4096

Key = tuple[Node, int]


class CellTable:
    """All cells of a plan.

    Attributes:
        kind, level, first, second, third, constant: columns, one entry per cell. `first`, `second`
            and `third` are cells (numbers) or references (conditions), -1 where there is none.
        names: what the kinds from `FIRST_NAMED` on are: operation, value, constant inputs.
        leaves: of leaf cells, the term and the candles back, in the order of `first`.
        wanted: how many newest candles of each leaf's term are wanted.
    """

    def __init__(self) -> None:
        self.count = 0
        self.kind = np.empty(_GROWTH, np.int16)
        self.level = np.empty(_GROWTH, np.int32)
        self.first = np.empty(_GROWTH, np.int32)
        self.second = np.empty(_GROWTH, np.int32)
        self.third = np.empty(_GROWTH, np.int32)
        self.constant = np.empty((_GROWTH, 2), np.float64)
        self.names: list[tuple[str, object, tuple[bool, ...]]] = []
        self.conditions: list[bool] = [kind in _CONDITION_KINDS for kind in range(FIRST_NAMED)]
        self.leaves: list[Key] = []
        self.wanted: dict[Node, int] = {}
        self._codes: dict[tuple[str, object, tuple[bool, ...]], int] = {}
        self._levels: list[int] = []
        self._references: dict[Key, int] = {}
        self._references[TRUE, 0] = 2 * self._append(ALWAYS, 0)
        self._references[FALSE, 0] = self._references[TRUE, 0] + 1

    def add(self, root: Node) -> int:
        """Return the reference of a condition, after making the cells that it needs."""
        known = self._references.get((root, 0))
        if known is not None:
            return known
        for key, leaf in self._missing(root):
            if key not in self._references:
                self._references[key] = self._made(key, leaf=leaf)
        return self._references[root, 0]

    def _missing(self, root: Node) -> list[tuple[Key, bool]]:
        """Return the keys without a cell under the root, inputs first, and whether it is a leaf."""
        lags: dict[Node, set[int]] = {root: {0}}
        stack: list[Key] = [(root, 0)]
        while stack:
            node, lag = stack.pop()
            if self._is_leaf(node, lag) or len(lags[node]) > PLAN_LAGS_MAX:
                continue
            for operand, at in _operands(node, lag):
                seen = lags.setdefault(operand, set())
                if at not in seen and operand.timeframe and (operand, at) not in self._references:
                    seen.add(at)
                    stack.append((operand, at))
        ordered = sorted(lags, key=lambda node: node.serial)
        return [
            ((node, lag), self._is_leaf(node, lag) or len(lags[node]) > PLAN_LAGS_MAX)
            for node in ordered
            for lag in lags[node]
        ]

    @staticmethod
    def _is_leaf(node: Node, lag: int) -> bool:
        return node.kind in _LEAVES or (node.kind == "align" and lag > 0)

    def _made(self, key: Key, *, leaf: bool) -> int:
        """Make a cell whose inputs exist, and return its reference."""
        node, lag = key
        if leaf:
            return self._leaf(node, lag)
        operands = _operands(node, lag)
        if node.kind in ("shift", "align"):
            return self._references[operands[0]]
        if node.kind == "not":
            return self._references[operands[0]] ^ 1
        if node.kind == "and":
            return 2 * self._append(AND, *self._found(operands))
        if node.kind == "choose":
            return 2 * self._append(CHOOSE, *self._found(operands))
        constants = tuple(not operand.timeframe for operand in node.inputs)
        code = self._code(node.kind, node.value, constants)
        values = [float(operand.value) for operand in node.inputs if not operand.timeframe]
        cells = self._found([key for key in operands if key[0].timeframe])
        cell = self._append(code, *cells, constants=values)
        return 2 * cell if node.condition else cell

    def _found(self, keys: list[Key]) -> list[int]:
        return [
            self._references[key] if key[0].timeframe else self._references[key[0], 0]
            for key in keys
        ]

    def _leaf(self, node: Node, lag: int) -> int:
        self.wanted[node] = max(self.wanted.get(node, 0), lag + 1)
        self.leaves.append((node, lag))
        place = len(self.leaves) - 1
        if node.condition:
            return 2 * self._append(LEAF_CONDITION, place)
        return self._append(LEAF, place)

    def _code(self, kind: str, value: object, constants: tuple[bool, ...]) -> int:
        name = (kind, value, constants)
        code = self._codes.get(name)
        if code is None:
            code = self._codes[name] = FIRST_NAMED + len(self.names)
            self.names.append(name)
            self.conditions.append(kind in ("less", "equal"))
        return code

    def _append(self, kind: int, *inputs: int, constants: list[float] | None = None) -> int:
        """Write a new cell's row and return its number."""
        cell = self.count
        if cell == len(self.kind):
            self._grow()
        self.count += 1
        level = 0
        if kind > ALWAYS:
            referred = kind in (AND, CHOOSE)
            for place, given in enumerate(inputs):
                halved = referred or (place == 0 and self._takes_condition(kind))
                level = max(level, self._levels[given >> 1 if halved else given] + 1)
        self._levels.append(level)
        self.kind[cell] = kind
        self.level[cell] = level
        padded = (*inputs, -1, -1, -1)
        self.first[cell], self.second[cell], self.third[cell] = padded[:3]
        for place, value in enumerate(constants or ()):
            self.constant[cell, place] = value
        return cell

    def _takes_condition(self, kind: int) -> bool:
        return self.names[kind - FIRST_NAMED][0] in ("where", "number_of")

    def _grow(self) -> None:
        for name in ("kind", "level", "first", "second", "third", "constant"):
            column: NDArray[np.generic] = getattr(self, name)
            setattr(self, name, np.concatenate([column, np.empty_like(column)]))


def _operands(node: Node, lag: int) -> list[Key]:
    """Return what a term reads, and how many candles back."""
    if node.kind == "shift":
        return [(node.inputs[0], lag + node.extra)]
    return [(operand, lag) for operand in node.inputs]
