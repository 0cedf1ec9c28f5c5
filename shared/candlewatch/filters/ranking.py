"""Cross-sections: rank, percentile and mean over the trading symbols of a quote asset.

Arrays are (rows, symbols) here: each row is compared within itself.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from candlewatch.filters.kernels import Array
    from candlewatch.frames.window import Universe


class CrossSections:
    """The symbols that are compared with one another: by quote asset, all and those trading."""

    def __init__(self, universe: Universe) -> None:
        assets = np.array(universe.quote_assets, dtype=str)
        self._groups: list[tuple[NDArray[np.intp], NDArray[np.intp]]] = []
        for asset in sorted(set(universe.quote_assets)):
            members = np.flatnonzero(assets == asset)
            self._groups.append((members, members[universe.trading[members]]))

    def compute(self, function: str, values: Array) -> Array:
        """Return rank, percentile or market_mean; unknown stays unknown but for the mean."""
        result = np.full(values.shape, np.nan)
        for members, trading in self._groups:
            for row, target in zip(values[:, trading], result, strict=True):
                known = ~np.isnan(row)
                if function == "market_mean":
                    target[members] = _mean(row[known])
                else:
                    target[trading[known]] = _places(function, row[known])
        return result


def _mean(values: Array) -> float:
    if len(values) == 0:
        return math.nan
    try:
        return math.fsum(values.tolist()) / len(values)
    except OverflowError:
        return math.nan


def _places(function: str, values: Array) -> Array:
    ordered = np.sort(values)
    if function == "rank":
        above = len(values) - np.searchsorted(ordered, values, side="right")
        return 1.0 + above.astype(np.float64)
    if len(values) < 2:  # noqa: PLR2004 (one value has no place among others)
        return np.full(values.shape, np.nan)
    below = np.searchsorted(ordered, values, side="left").astype(np.float64)
    return 100.0 * below / (len(values) - 1)
