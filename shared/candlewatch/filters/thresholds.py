"""One row compared with many constants: sorted once, each comparison is a search and a copy.

The symbols below the k-th smallest value are the bits of the first k symbols in sorted order; all
such sets are made once, and `row < constant` is the set with the number of values below it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from candlewatch.filters.kernels import Array

Words = NDArray[np.uint64]


@dataclass(frozen=True)
class Thresholds:
    """A row's known values in order, and the bits of the first 0, 1, 2, ... of them."""

    ordered: Array
    firsts: Words

    @classmethod
    def of(cls, row: Array) -> Thresholds:
        """Sort a row; its width is a multiple of 64, and NaN is not known."""
        order = np.argsort(row, kind="stable")
        ordered = row[order]
        count = int(np.searchsorted(ordered, np.nan))
        firsts = np.zeros((count + 1, len(row) // 64), np.uint64)
        np.bitwise_or.accumulate(_bits(len(row))[order[:count]], axis=0, out=firsts[1:])
        return cls(ordered[:count], firsts)

    def below(self, constants: Array) -> Words:
        """Return the bits of `row < constant` for each constant."""
        return self.firsts.take(np.searchsorted(self.ordered, constants, side="left"), axis=0)

    def above(self, constants: Array, known: Words) -> Words:
        """Return the bits of `constant < row` for each constant."""
        up_to = np.searchsorted(self.ordered, constants, side="right")
        return known & ~self.firsts.take(up_to, axis=0)


@lru_cache(maxsize=16)
def _bits(width: int) -> Words:
    """Return one row of words per symbol, with that symbol's bit."""
    return np.packbits(np.eye(width, dtype=np.bool_), axis=1, bitorder="little").view(np.uint64)
