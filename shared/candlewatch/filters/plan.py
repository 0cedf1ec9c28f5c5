"""A plan: the filters of one timeframe as one graph, evaluated together on a candle.

    1. `Plan.extend`    equal terms of all filters become one cell; nothing is built anew
    2. `Plan.evaluate`  filters without a result on this candle are cut into batches
    3. `schedule`       the cells of a batch in order of level and kind; kept for the next candle
    4. `Epoch`          what needs history (indicators) once for all batches of the candle
    5. `Run`            a few NumPy calls per group of cells; results are bits by symbol

Indicator and filter results are kept for as long as the frames are the same: the key is the candle
and the revisions of all frames in sight.
"""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING

import numpy as np

from candlewatch.filters.batch import Run
from candlewatch.filters.cells import CellTable
from candlewatch.filters.history import Epoch
from candlewatch.filters.results import Evaluation, Results, fingerprint
from candlewatch.filters.schedule import Schedule, schedule
from candlewatch.settings import PLAN_BATCH_FILTERS, PLAN_EPOCHS_MAX, PLAN_SCHEDULES_MAX

if TYPE_CHECKING:
    from collections.abc import Collection, Hashable, Iterable, Mapping

    from numpy.typing import NDArray

    from candlewatch.filters.compilation import Filter
    from candlewatch.frames.window import Market
    from candlewatch.timeframes import Timeframe


class Plan:
    """The filters of one timeframe, kept between the runs of a warm process."""

    def __init__(self, timeframe: Timeframe) -> None:
        self.timeframe = timeframe
        self._filters: dict[int, Filter] = {}
        self._roots: dict[int, int] = {}
        self._needs: dict[str, int] | None = None
        self._discarded = 0
        self._clear()

    def _clear(self) -> None:
        self._table = CellTable()
        self._schedules: OrderedDict[bytes, Schedule] = OrderedDict()
        self._results: OrderedDict[Hashable, Results] = OrderedDict()

    def extend(self, filters: Mapping[int, Filter]) -> None:
        """Add filters; those that are there under the same id are replaced.

        Raises:
            ValueError: a filter was compiled for another timeframe.
        """
        for filter_id, added in filters.items():
            if added.timeframe != self.timeframe:
                raise ValueError(
                    f"filter {filter_id} runs on {added.timeframe}, this plan on {self.timeframe}"
                )
            self._filters[filter_id] = added
            self._roots[filter_id] = self._table.add(added.root)
        self._needs = None

    def discard(self, ids: Iterable[int]) -> None:
        """Forget filters; ids that are not there do not matter."""
        for filter_id in ids:
            if self._filters.pop(filter_id, None) is not None:
                del self._roots[filter_id]
                self._discarded += 1
        self._needs = None
        if self._discarded > max(len(self._filters), PLAN_BATCH_FILTERS):
            self._rebuild()

    def _rebuild(self) -> None:
        """Make the cells anew, without those of filters that are gone."""
        self._discarded = 0
        self._clear()
        # A new mapping: evaluations that were handed out go on with the old one.
        self._roots = {
            filter_id: self._table.add(kept.root) for filter_id, kept in self._filters.items()
        }

    def __contains__(self, filter_id: int) -> bool:
        return filter_id in self._filters

    def __len__(self) -> int:
        return len(self._filters)

    def needs(self) -> dict[str, int]:
        """Return the candles to load, by name of the timeframe."""
        if self._needs is None:
            needs = {self.timeframe.name: 1}
            for kept in self._filters.values():
                for name, candles in kept.needs.items():
                    needs[name] = max(candles, needs.get(name, 0))
            self._needs = needs
        return dict(self._needs)

    def evaluate(self, market: Market, number: int, ids: Collection[int]) -> Evaluation:
        """Evaluate filters on candle `number` of the plan's timeframe.

        Args:
            market: windows of all timeframes that are needed; what lies after the candle's close
                is not looked at.
            number: of the newest candle, counted from the epoch.
            ids: filters of this plan.

        Raises:
            KeyError: a filter is not in the plan.
        """
        results = self._results_of(market, number)
        roots = np.fromiter(map(self._roots.__getitem__, ids), np.int64, len(ids))
        missing = results.missing(roots)
        parts = [
            Run(self._table, self._scheduled(batch), results.epoch).run()
            for batch in np.split(
                missing, range(PLAN_BATCH_FILTERS, len(missing), PLAN_BATCH_FILTERS)
            )
            if len(batch)
        ]
        if parts:
            results.keep(missing, np.concatenate(parts, axis=1))
        return Evaluation(self._filters, self._roots, results)

    def _scheduled(self, roots: NDArray[np.int64]) -> Schedule:
        key = roots.tobytes()
        known = self._schedules.get(key)
        if known is None:
            known = self._schedules[key] = schedule(self._table, roots)
        self._schedules.move_to_end(key)
        if len(self._schedules) > PLAN_SCHEDULES_MAX:
            self._schedules.popitem(last=False)
        return known

    def _results_of(self, market: Market, number: int) -> Results:
        key = fingerprint(market, number)
        known = self._results.get(key)
        if known is None:
            known = self._results[key] = Results(Epoch(market, self.timeframe, number))
        # The caller may have moved its frames since; what they say is the same.
        known.epoch.market = market
        self._results.move_to_end(key)
        while len(self._results) > PLAN_EPOCHS_MAX:
            self._results.popitem(last=False)
        return known
