"""Results of one candle, and what a caller reads of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

import numpy as np

from candlewatch.filters import why

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable, Mapping

    from numpy.typing import NDArray

    from candlewatch.filters.compilation import Filter
    from candlewatch.filters.history import Epoch
    from candlewatch.frames.window import Market

_ROWS: Final = 1024


class Results:
    """What is known of one candle: of each reference to a result, both planes of its bits."""

    def __init__(self, epoch: Epoch) -> None:
        self.epoch = epoch
        self.alive = epoch.known(1)[:, 0]
        self._rows = np.full(_ROWS, -1, np.int32)
        words = -(-epoch.symbol_count // 64)
        self._planes = np.zeros((2, 0, words), np.uint64)

    def missing(self, references: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return those without a result, each once, in order."""
        if len(references) == 0:
            return references
        highest = int(references.max())
        if highest >= len(self._rows):
            more = np.full(max(len(self._rows), highest + 1 - len(self._rows)), -1, np.int32)
            self._rows = np.concatenate([self._rows, more])
        return np.unique(references[self._rows[references] < 0])

    def keep(self, references: NDArray[np.int64], planes: NDArray[np.uint64]) -> None:
        """Keep results: planes of shape (2, references, words)."""
        begin = self._planes.shape[1]
        self._planes = np.concatenate([self._planes, planes], axis=1)
        self._rows[references] = np.arange(begin, begin + len(references))

    def bits(self, reference: int) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """Return where a result is true and where it is false."""
        words = self._planes[:, self._rows[reference]]
        bits = np.unpackbits(
            words.view(np.uint8), axis=1, bitorder="little", count=self.epoch.symbol_count
        ).view(np.bool_)
        return bits[0], bits[1]


class Evaluation:
    """The results of filters on one candle; good until the plan is told to discard them."""

    def __init__(
        self, filters: Mapping[int, Filter], roots: Mapping[int, int], results: Results
    ) -> None:
        self._filters = filters
        self._roots = roots
        self._results = results

    def true(self, filter_id: int) -> NDArray[np.bool_]:
        """Return where the filter is true, shape (symbols,)."""
        return self._results.bits(self._roots[filter_id])[0] & self._results.alive

    def unknown(self, filter_id: int) -> NDArray[np.bool_]:
        """Return where the filter is unknown, or the symbol's own candle is; shape (symbols,)."""
        true, false = self._results.bits(self._roots[filter_id])
        return ~((true | false) & self._results.alive)

    def values(
        self, filter_id: int, positions: Iterable[int]
    ) -> dict[int, dict[str, float | bool | None]]:
        """Return the why: by symbol position, the filter's names and sides of comparisons.

        Numbers, or True and False for conditions; None is "not known".
        """
        return why.values(self._filters[filter_id], self._results.epoch, positions)


def fingerprint(market: Market, number: int) -> Hashable:
    """Return what tells one state of the market from another: revisions, span, universe."""
    universe = market.universe
    windows = tuple(
        (name, window.first, window.revisions.tobytes(), window.values[:, :, -1:].tobytes())
        for name, window in sorted(market.windows.items())
    )
    return number, universe.names, universe.quote_assets, universe.trading.tobytes(), windows
