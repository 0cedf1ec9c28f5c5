"""Say why a filter does not match: how often each part of its condition held, what was unknown.

The condition is taken apart at `and`, `or`, `not` and conditional expressions; each part is counted
over the last candles and the symbols that trade.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from candlewatch.filters.history import Epoch
from candlewatch.filters.requirements import requirements
from candlewatch.timeframes import TIMEFRAMES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from numpy.typing import NDArray

    from candlewatch.filters.compilation import Filter
    from candlewatch.filters.graph import Node
    from candlewatch.frames.window import Market

_PARTS_MAX: Final = 40
_TAKEN_APART: Final = ("and", "not", "choose")


@dataclass(frozen=True)
class Part:
    """How one part of a condition did.

    Attributes:
        text: as the author wrote it.
        line: where it stands.
        depth: 0 for the whole, more for parts of parts.
        true, false, unknown: on how many candles of symbols it was so.
        reasons: of the unknown ones, how many for which reason.
    """

    text: str
    line: int
    depth: int
    true: int
    false: int
    unknown: int
    reasons: dict[str, int]


@dataclass(frozen=True)
class Explanation:
    """How the parts of a filter did over `candles` candles of `symbols` symbols."""

    candles: int
    symbols: int
    parts: tuple[Part, ...]


def explain(
    explained: Filter,
    market: Market,
    number: int,
    last_n: int,
    positions: NDArray[np.intp] | None = None,
) -> Explanation:
    """Count how often each part of a filter held over the last candles.

    Args:
        explained: the filter.
        market: windows as for an evaluation, `last_n` candles longer.
        number: of the newest candle.
        last_n: how many candles to look at.
        positions: of the symbols to look at; all that trade where not given.
    """
    epoch = Epoch(market, explained.timeframe, number)
    rows = np.flatnonzero(market.universe.trading) if positions is None else positions
    parts = list(_parts(explained.root, explained))[:_PARTS_MAX]
    computed: Any = epoch.evaluate({node: last_n for node, _, _, _ in parts})
    alive = epoch.known(last_n)
    counted = tuple(
        _counted(Part(text, line, depth, 0, 0, 0, {}), node, computed[node], alive, rows, epoch)
        for node, line, text, depth in parts
    )
    return Explanation(last_n, len(rows), counted)


def _parts(root: Node, explained: Filter) -> Iterator[tuple[Node, int, str, int]]:
    """Yield the whole and its parts in the order of the text: term, line, text, depth."""
    texts = explained.parts
    order = {node: place for place, node in enumerate(texts)}
    line, text = texts.get(root, (1, "the whole filter"))
    yield root, line, text, 0
    stack = [(node, 1) for node in _written(root, order)]
    seen = {root}
    while stack:
        node, depth = stack.pop()
        if node in seen:
            continue
        seen.add(node)
        yield node, *texts[node], depth
        stack.extend((part, depth + 1) for part in _written(node, order))


def _written(node: Node, order: dict[Node, int]) -> list[Node]:
    """Return the nearest terms under a condition that stand in the text, the last one first."""
    found: set[Node] = set()
    stack = [node]
    while stack:
        under = stack.pop()
        for part in under.inputs if under.kind in _TAKEN_APART else ():
            if part in order:
                found.add(part)
            elif part.condition:
                stack.append(part)
    return sorted(found, key=order.__getitem__, reverse=True)


def _counted(  # noqa: PLR0917 (what is counted, and where)
    part: Part,
    node: Node,
    result: tuple[NDArray[np.bool_], NDArray[np.bool_]],
    alive: NDArray[np.bool_],
    rows: NDArray[np.intp],
    epoch: Epoch,
) -> Part:
    true: NDArray[np.bool_] = np.broadcast_to(result[0], alive.shape)[rows]
    false: NDArray[np.bool_] = np.broadcast_to(result[1], alive.shape)[rows]
    alive = alive[rows]
    unknown: NDArray[np.bool_] = ~((true | false) & alive)
    return Part(
        part.text, part.line, part.depth,
        int((true & alive).sum()), int((false & alive).sum()), int(unknown.sum()),
        _reasons(node, unknown, rows, epoch) if unknown.any() else {},
    )  # fmt: skip


def _reasons(
    node: Node, unknown: NDArray[np.bool_], rows: NDArray[np.intp], epoch: Epoch
) -> dict[str, int]:
    """Count the unknown ones by the first reason that applies."""
    candles = int(unknown.shape[1])
    ever = epoch.field(epoch.base, "close", None, candles + _reach(epoch))[rows]
    listed = np.isfinite(ever)
    begun: NDArray[np.bool_] = np.cumsum(listed, axis=1) > 0
    before = ~begun[:, -candles:]
    own = listed[:, -candles:]
    newest = np.zeros(candles, np.bool_)
    newest[-1] = True
    needed = requirements(node, epoch.base.name)
    absent = any(name not in epoch.market.universe.names for name in needed.symbols)
    short, holes = _history(needed.lookback, candles, rows, epoch)
    reasons = (
        ("no candles at all", np.broadcast_to(~begun[:, -1:], unknown.shape)),
        ("before the symbol's first candle", before),
        ("the candle is late", ~own & newest),
        ("the candle is missing", ~own),
        ("a symbol it names is not in the universe", np.full(unknown.shape, absent)),
        ("warm-up: too few candles before it", short),
        ("a gap in the candles before it", holes),
        ("no value, as a division by zero", np.ones(unknown.shape, np.bool_)),
    )
    left: NDArray[np.bool_] = unknown.copy()
    counts: dict[str, int] = {}
    for reason, applies in reasons:
        found = int((left & applies).sum())
        if found:
            counts[reason] = found
        left &= ~applies
    return counts


def _reach(epoch: Epoch) -> int:
    window = epoch.market.windows.get(epoch.base.name)
    return window.candle_count if window is not None else 0


def _history(
    lookback: dict[str, int], candles: int, rows: NDArray[np.intp], epoch: Epoch
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Return where the history that is looked back on begins too late, and where it has holes."""
    short = np.zeros((len(rows), candles), np.bool_)
    holes = short.copy()
    for name, back in lookback.items():
        timeframe = TIMEFRAMES[name]
        seen = epoch.seen(timeframe, candles)
        need = epoch.newest(timeframe) - int(seen[0]) + 1 + back
        known = np.isfinite(epoch.field(timeframe, "close", None, need))[rows]
        ends = seen - epoch.newest(timeframe) + need
        totals = np.concatenate([np.zeros((len(rows), 1), np.int64), np.cumsum(known, axis=1)], 1)
        inside = totals[:, ends] - totals[:, ends - back - 1]
        first = np.where(known.any(axis=1), known.argmax(axis=1), need)
        late = first[:, None] > (ends - back - 1)[None, :]
        short |= late
        holes |= (inside < back + 1) & ~late
    return short, holes
