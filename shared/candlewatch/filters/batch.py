"""A batch: all cells that some filters need on a candle, computed group by group.

Rows of numbers are as wide as the symbols, rounded up to 64 with NaN, so that the comparison of a
row packs into whole words; bits beyond the symbols are never true. Conditions are two planes of
bits, where true and where false; a reference's last bit swaps them.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from candlewatch.filters import cells, kernels
from candlewatch.filters.thresholds import Thresholds

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from candlewatch.filters.cells import CellTable
    from candlewatch.filters.history import Epoch
    from candlewatch.filters.schedule import Group, Schedule

    Ints = NDArray[np.int64]

_ROWS: Final = 96
"""Rows of numbers that one NumPy call works on: they and their result stay in the cache."""


_THRESHOLDS_FROM: Final = 24
"""Constants that one row is compared with from which on its thresholds are worth sorting."""


class Run:
    """One computation of a schedule at one moment."""

    def __init__(self, table: CellTable, order: Schedule, epoch: Epoch) -> None:
        self._table = table
        self._epoch = epoch
        self._symbols = epoch.symbol_count
        self._width = -(-epoch.symbol_count // 64) * 64
        self._values = np.empty((order.series, self._width))
        self._known = np.empty((order.series, self._width // 64), np.uint64)
        self._planes = np.empty((2, order.conditions, self._width // 64), np.uint64)
        self._leaves: dict[Any, Any] = {}
        self._schedule = order

    def run(self) -> NDArray[np.uint64]:
        """Return the bits of the wanted results: where true, where false; (2, results, words)."""
        table = self._table
        wanted = {
            table.leaves[place][0]: table.wanted[table.leaves[place][0]]
            for group in self._schedule.groups
            if group.kind in (cells.LEAF, cells.LEAF_CONDITION)
            for place in group.inputs[0].tolist()
        }
        self._leaves = self._epoch.evaluate(wanted)
        for group in self._schedule.groups:
            self._compute(group)
        return np.stack(self._truth(self._schedule.results))

    def _compute(self, group: Group) -> None:
        span = slice(group.low, group.high)
        match group.kind:
            case cells.ALWAYS:
                self._planes[0, span] = ~np.uint64(0)
                self._planes[1, span] = 0
            case cells.LEAF | cells.LEAF_CONDITION:
                places = group.inputs[0].tolist()
                for row, place in zip(range(group.low, group.high), places, strict=True):
                    self._leaf(row, *self._table.leaves[place])
                if group.kind == cells.LEAF:
                    self._known[span] = self._packed(~np.isnan(self._values[span]))
            case cells.AND:
                left, right = (self._truth(given) for given in group.inputs)
                np.bitwise_and(left[0], right[0], out=self._planes[0, span])
                np.bitwise_or(left[1], right[1], out=self._planes[1, span])
            case cells.CHOOSE:
                condition, yes, no = (self._truth(given) for given in group.inputs)
                self._planes[0, span], self._planes[1, span] = kernels.choose(condition, yes, no)
            case _:
                self._named(group)

    def _truth(self, references: Ints) -> tuple[Any, Any]:
        """Return both planes of conditions."""
        count = self._planes.shape[1]
        flat = self._planes.reshape(2 * count, -1)
        swap = (references & 1) * count
        rows = references >> 1
        return flat.take(rows + swap, axis=0), flat.take(rows + (count - swap), axis=0)

    def _packed(self, true: Any) -> Any:
        return np.packbits(true, axis=-1, bitorder="little").view(np.uint64)

    def _unpacked(self, bits: Any) -> Any:
        return np.unpackbits(bits.view(np.uint8), axis=-1, bitorder="little").view(np.bool_)

    def _leaf(self, row: int, node: Any, lag: int) -> None:
        values = self._leaves[node]
        if node.condition:
            for plane, part in zip(self._planes, values, strict=True):
                wide = np.zeros(self._width, np.bool_)
                wide[: self._symbols] = part[:, part.shape[1] - 1 - lag]
                plane[row] = self._packed(wide)
        else:
            self._values[row, : self._symbols] = values[:, values.shape[1] - 1 - lag]
            self._values[row, self._symbols :] = np.nan

    def _named(self, group: Group) -> None:
        """Compute the cells of an operation, so many rows at a time."""
        name, value, constants = self._table.names[group.kind - cells.FIRST_NAMED]
        if name == "less" and any(constants):
            self._compare_constants(group, below=constants[1])
            return
        for low in range(group.low, group.high, _ROWS):
            high = min(low + _ROWS, group.high)
            part, span = slice(low - group.low, high - group.low), slice(low, high)
            given = self._given(group, part)
            if name in ("less", "equal"):
                self._compare(group, part, name, given)
                continue
            values = self._values[span]
            if name == "arithmetic":
                kernels.arithmetic(str(value), given[0], given[1], values)
            elif name == "cross":
                inner = given[0][:, : self._symbols]
                values[:, : self._symbols] = self._epoch.sections.compute(str(value), inner)
                values[:, self._symbols :] = np.nan
            else:
                values[:] = _OPERATIONS[name](value, *given)
            self._known[span] = self._packed(~np.isnan(values))

    def _given(self, group: Group, part: slice) -> list[Any]:
        """Return the operands of some rows: numbers, columns of constants, conditions."""
        name, _, constants = self._table.names[group.kind - cells.FIRST_NAMED]
        inputs, column = iter(group.inputs), 0
        given: list[Any] = []
        for place, constant in enumerate(constants):
            if constant:
                given.append(group.constants[part, column : column + 1])
                column += 1
            elif place == 0 and name in ("where", "number_of"):
                true, false = self._truth(next(inputs)[part])
                given.append((self._unpacked(true), self._unpacked(false)))
            else:
                given.append(self._values.take(next(inputs)[part], axis=0))
        return given

    def _compare(self, group: Group, part: slice, name: str, given: list[Any]) -> None:
        """Compare rows: true by the comparison, false where all sides are known and it is not."""
        true = self._packed(np.less(*given) if name == "less" else np.equal(*given))
        known = self._known.take(group.inputs[0][part], axis=0)
        for rows in group.inputs[1:]:
            known &= self._known.take(rows[part], axis=0)
        self._write(group.low + part.start, true, known)

    def _compare_constants(self, group: Group, *, below: bool) -> None:
        """Compare rows with constants: `row < constant`, or not `below`: `constant < row`.

        Cells with the same row follow one another, so a row is compared with many constants at
        once: by looking them up in the row's thresholds where they are many.
        """
        rows, constants = group.inputs[0], group.constants[:, 0]
        edges = [0, *(np.flatnonzero(np.diff(rows)) + 1).tolist(), len(rows)]
        for low, high in pairwise(edges):
            row, asked = int(rows[low]), constants[low:high]
            thresholds = self._epoch.thresholds.get(int(group.first[low]))
            if thresholds is None and high - low >= _THRESHOLDS_FROM:
                thresholds = Thresholds.of(self._values[row])
                self._epoch.thresholds[int(group.first[low])] = thresholds
            known = self._known[row]
            if thresholds is not None:
                true = thresholds.below(asked) if below else thresholds.above(asked, known)
            else:
                column = asked[:, None]
                values = self._values[row]
                true = self._packed(values < column if below else column < values)
            self._write(group.low + low, true, known)

    def _write(self, low: int, true: Any, known: Any) -> None:
        span = slice(low, low + len(true))
        self._planes[0, span] = true
        np.bitwise_and(known, ~true, out=self._planes[1, span])


_OPERATIONS: Final[dict[str, Callable[..., Any]]] = {
    "unary": kernels.unary,
    "power": lambda exponent, values: kernels.power(values, exponent),
    "where": lambda _, *given: kernels.where(*given),
    "number_of": lambda _, condition: kernels.number_of(condition),
}
