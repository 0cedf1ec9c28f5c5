"""The order of a batch: which cells its results need, in runs of one kind that follow one another.

    1. `_needed`   from the results down, level by level, by array operations alone
    2. `schedule`  those cells ordered by level, kind and first input; a run of one level and kind
                   is a `Group`, whose rows follow one another: results go where they belong

A cell's row counts from 0 among the batch's numbers, or among its conditions.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from candlewatch.filters import cells

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from candlewatch.filters.cells import CellTable

    Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Group:
    """Cells of one level and kind: rows `low` to `high`, what they read, their first cell."""

    kind: int
    low: int
    high: int
    inputs: tuple[Ints, ...]
    constants: NDArray[np.float64]
    first: NDArray[np.int32]


@dataclass(frozen=True)
class Schedule:
    """What `run` follows.

    Attributes:
        groups: in the order of computation.
        series: number of rows of numbers.
        conditions: number of conditions.
        results: row of each wanted reference, with the bit that negates it.
    """

    groups: tuple[Group, ...]
    series: int
    conditions: int
    results: Ints


def schedule(table: CellTable, roots: Ints) -> Schedule:
    """Return the order of computation for the references of some filters."""
    is_condition = np.array(table.conditions)
    chosen = _needed(table, roots)
    kind = table.kind[chosen].astype(np.int64)
    order = np.lexsort((table.first[chosen], kind, table.level[chosen]))
    chosen, kind = chosen[order], kind[order]
    level = table.level[chosen]
    condition = is_condition[kind]
    row = np.where(condition, np.cumsum(condition), np.cumsum(~condition)) - 1
    row_of = _rows_of(table.count, chosen, row)
    edges = np.flatnonzero((np.diff(kind) != 0) | (np.diff(level) != 0)) + 1
    bounds = [0, *edges.tolist(), len(chosen)]
    groups = tuple(
        _group(table, chosen[low:high], int(kind[low]), int(row[low]), row_of)
        for low, high in pairwise(bounds)
    )
    series = int((~condition).sum())
    return Schedule(groups, series, len(chosen) - series, _moved(roots, row_of))


def _rows_of(count: int, chosen: Ints, row: Ints) -> NDArray[np.int32]:
    rows = np.empty(count, np.int32)
    rows[chosen] = row
    return rows


def _moved(references: Ints, row_of: NDArray[np.int32]) -> Ints:
    """Return references to conditions with rows in place of cells."""
    rows: Ints = row_of[references >> 1].astype(np.int64)
    return (rows << 1) | (references & 1)


def _group(table: CellTable, chosen: Ints, kind: int, low: int, row_of: Any) -> Group:
    columns = (table.first[chosen], table.second[chosen], table.third[chosen])
    inputs: list[Ints] = []
    if kind in (cells.LEAF, cells.LEAF_CONDITION):
        inputs = [columns[0].astype(np.int64)]
    elif kind in (cells.AND, cells.CHOOSE):
        used = columns[: 2 if kind == cells.AND else 3]
        inputs = [_moved(column.astype(np.int64), row_of) for column in used]
    elif kind >= cells.FIRST_NAMED:
        name, _, constants = table.names[kind - cells.FIRST_NAMED]
        for place in range(len(constants) - sum(constants)):
            column = columns[place].astype(np.int64)
            takes = place == 0 and name in ("where", "number_of")
            inputs.append(_moved(column, row_of) if takes else row_of[column].astype(np.int64))
    return Group(kind, low, low + len(chosen), tuple(inputs), table.constant[chosen], columns[0])


def _needed(table: CellTable, roots: Ints) -> Ints:
    """Return the cells under some references, each once."""
    found = np.zeros(table.count, np.bool_)
    front = np.unique(roots >> 1)
    while len(front):
        found[front] = True
        kind = table.kind[front]
        inner = front[kind > cells.ALWAYS]
        kind = table.kind[inner]
        halved = _referring(table)[kind]
        parts = [np.where(halved > 0, table.first[inner] >> 1, table.first[inner])]
        parts.extend(
            np.where(halved > 1, column[inner] >> 1, column[inner])
            for column in (table.second, table.third)
        )
        below = np.concatenate(parts)
        below = below[below >= 0]
        front = np.unique(below[~found[below]])
    return np.flatnonzero(found)


def _referring(table: CellTable) -> NDArray[np.int8]:
    """Return by kind how many inputs are references: 0 none, 1 the first, 2 all."""
    halved = np.zeros(len(table.conditions), np.int8)
    halved[[cells.AND, cells.CHOOSE]] = 2
    for place, (name, _, _) in enumerate(table.names):
        if name in ("where", "number_of"):
            halved[cells.FIRST_NAMED + place] = 1
    return halved
