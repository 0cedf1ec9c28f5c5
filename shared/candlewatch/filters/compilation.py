"""Compile a filter: from text to a checked graph and what it needs.

1. `source.parse`             guards, then Python's parser (never its compiler)
2. `statements.read_filter`   every name, kind and argument checked; the graph is made
3. `requirements`             lookback, candles to load, cost: arithmetic on the graph
4. `_check_limits`            what goes beyond a limit is refused, with the limit named
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from candlewatch.errors import FilterRefused, Problem
from candlewatch.filters.expressions import HANDLERS, not_in_language
from candlewatch.filters.graph import Node
from candlewatch.filters.reader import Reader
from candlewatch.filters.requirements import Requirements, requirements
from candlewatch.filters.source import parse
from candlewatch.filters.statements import read_filter
from candlewatch.settings import (
    FILTER_COST_MAX,
    FILTER_GRAPH_NODES_MAX,
    FILTER_INDICATORS_MAX,
    FILTER_LOOKBACK_MAX,
    FILTER_WHY_MAX,
)

if TYPE_CHECKING:
    from candlewatch.indicators.indicator import Bound
    from candlewatch.timeframes import Timeframe


@dataclass(frozen=True, eq=False)
class Filter:
    """A filter, compiled.

    Attributes:
        source: the author's text.
        timeframe: on which it runs.
        root: the condition that it is.
        names: the author's names of series and conditions, in the order of the text.
        needs: candles to load, by name of the timeframe.
        lookback: candles before the newest that the formula reads, on the timeframe with most.
        cost: 1.0 = a pass of a simple moving average over 500 candles of all symbols.
        symbols: symbols named by `of`.
        indicators: distinct indicators, each as often as it has distinct inputs.
        why: what explains a match: names and sides of comparisons, with their nodes.
        parts: conditions with the line and the text where they stand.
    """

    source: str = field(repr=False)
    timeframe: Timeframe
    root: Node = field(repr=False)
    names: tuple[str, ...]
    needs: dict[str, int]
    lookback: int
    cost: float
    symbols: tuple[str, ...]
    indicators: tuple[Bound, ...] = field(repr=False)
    why: tuple[tuple[str, Node], ...] = field(repr=False)
    parts: dict[Node, tuple[int, str]] = field(repr=False)


def compile_filter(source: str, timeframe: Timeframe) -> Filter:
    """Compile a filter's text for a timeframe.

    Args:
        source: at most 4,000 characters of the filter language (docs/filters.md).
        timeframe: on which it runs; `at` reaches longer ones.

    Returns:
        The filter; equal texts share their graph.

    Raises:
        FilterRefused: the text breaks a rule; all problems that were found, in its order.
    """
    tree = parse(source)
    reader = Reader(source, timeframe, HANDLERS, not_in_language)
    root = read_filter(reader, tree)
    reader.finish()
    needed = requirements(root, timeframe.name)
    _check_limits(needed)
    named = {word: value for word, value in reader.names.items() if isinstance(value, Node)}
    return Filter(
        source=source,
        timeframe=timeframe,
        root=root,
        names=tuple(named),
        needs=needed.needs,
        lookback=max(needed.lookback.values()),
        cost=round(needed.cost, 4),
        symbols=needed.symbols,
        indicators=needed.indicators,
        why=_why(reader, named),
        parts=reader.parts,
    )


def _why(reader: Reader, named: dict[str, Node]) -> tuple[tuple[str, Node], ...]:
    """Return names, then the sides of comparisons that have no name, each value once."""
    chosen = {label: node for label, node in named.items() if node.timeframe}
    seen = set(chosen.values())
    for label, node in reader.sides:
        if node not in seen and label not in chosen:
            chosen[label] = node
            seen.add(node)
    return tuple(chosen.items())[:FILTER_WHY_MAX]


def _check_limits(needed: Requirements) -> None:
    """Refuse what goes beyond a limit."""
    problems: list[tuple[str, str, str]] = []
    if needed.node_count > FILTER_GRAPH_NODES_MAX:
        problems.append(
            (
                "nodes",
                (
                    f"unrolled, the filter has {needed.node_count:,} terms; at most"
                    f" {FILTER_GRAPH_NODES_MAX:,} are allowed"
                ),
                "use highest, count, any(c, n) and the like instead of loops",
            )
        )
    for name, candles in needed.lookback.items():
        if candles > FILTER_LOOKBACK_MAX:
            problems.append(
                (
                    "lookback",
                    (
                        f"the filter looks back {candles:,} candles of {name}; at most"
                        f" {FILTER_LOOKBACK_MAX:,} are allowed"
                    ),
                    "lookbacks add up where one function reads another; use at() for long ones",
                )
            )
    if len(needed.indicators) > FILTER_INDICATORS_MAX:
        problems.append(
            (
                "indicators",
                (
                    f"the filter uses {len(needed.indicators)} distinct indicators; at most"
                    f" {FILTER_INDICATORS_MAX} are allowed"
                ),
                "",
            )
        )
    if needed.cost > FILTER_COST_MAX:
        problems.append(
            (
                "cost",
                (
                    f"the filter costs {needed.cost:,.0f} passes of a moving average; at most"
                    f" {FILTER_COST_MAX:,.0f} are allowed"
                ),
                "shorten the windows of functions that stand inside others",
            )
        )
    if problems:
        raise FilterRefused(tuple(Problem(1, 1, *problem) for problem in problems))
