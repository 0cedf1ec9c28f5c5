"""The why of a match: the values of a filter's names and of the sides of its comparisons."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable

    from candlewatch.filters.compilation import Filter
    from candlewatch.filters.history import Epoch

Value = float | bool | None


def values(
    explained: Filter, epoch: Epoch, positions: Iterable[int]
) -> dict[int, dict[str, Value]]:
    """Return by symbol position what each name and side was on the newest candle.

    Args:
        explained: the filter.
        epoch: the candle.
        positions: symbols to explain.

    Returns:
        Numbers; True and False for conditions; None is "not known".
    """
    places = [int(position) for position in positions]
    if not places:
        return {}
    computed = epoch.evaluate({node: 1 for _, node in explained.why})
    columns = [(label, _column(computed[node], places)) for label, node in explained.why]
    return {
        place: {label: column[turn] for label, column in columns}
        for turn, place in enumerate(places)
    }


def _column(result: Any, places: list[int]) -> list[Value]:
    """Return the newest candle's values of some symbols; a single row is that of every symbol."""
    if isinstance(result, tuple):
        true, false = (_rows(part, places) for part in result)
        return [True if yes else False if no else None for yes, no in zip(true, false, strict=True)]
    return [None if value != value else value for value in _rows(result, places)]  # noqa: PLR0124 (NaN)


def _rows(values: Any, places: list[int]) -> list[Any]:
    newest = values[:, -1]
    if len(newest) == 1:
        return [newest[0].item()] * len(places)
    rows: list[Any] = newest[np.array(places, np.intp)].tolist()
    return rows
