"""The functions of our own: each is written as the expression that it means.

What looks at a few candles becomes comparisons and sums of those candles, which are shared and
batched like everything that authors write by hand; what looks at many becomes one rolling term.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from candlewatch.filters import arguments, graph
from candlewatch.filters.graph import Node
from candlewatch.filters.indicator_calls import indicator_named
from candlewatch.filters.operations import compare, past
from candlewatch.filters.values import REFUSED, Value, as_node, is_condition
from candlewatch.settings import FILTER_LOOKBACK_MAX, PLAN_LAGS_MAX

if TYPE_CHECKING:
    from collections.abc import Callable

    from candlewatch.filters.reader import Reader


@dataclass(frozen=True)
class Own:
    """A function: its parameter names, how many are needed, whether more may follow."""

    function: Callable[[Reader, ast.Call, list[Value]], Value]
    names: tuple[str, ...]
    needed: int
    many: bool = False


def _crossed(reader: Reader, node: ast.Call, given: list[Value], *, above: bool) -> Value:
    sides = [arguments.number(reader, node, value) for value in given]
    if None in sides:
        return REFUSED
    left, right = sides
    assert left is not None  # noqa: S101 (said above)
    assert right is not None  # noqa: S101 (said above)
    if not isinstance(left, Node) and not isinstance(right, Node):
        return reader.refuse(node, "constant", "two constants never cross")
    if not reader.repeating:
        for argument, value in zip(node.args, (left, right), strict=False):
            if isinstance(value, Node):
                reader.watch(argument, value)
    before = [graph.shift(side, 1) if isinstance(side, Node) else side for side in (left, right)]
    now, then = (">", "<=") if above else ("<", ">=")
    return graph.both(compare(now, left, right), compare(then, before[0], before[1]))


def _crossed_above(reader: Reader, node: ast.Call, given: list[Value]) -> Value:
    return _crossed(reader, node, given, above=True)


def _crossed_below(reader: Reader, node: ast.Call, given: list[Value]) -> Value:
    return _crossed(reader, node, given, above=False)


def _moving(reader: Reader, node: ast.Call, given: list[Value], operator: str) -> Value:
    series = arguments.series(reader, node, given[0])
    candles = arguments.candles(
        reader, node, given[1:], low=1, high=FILTER_LOOKBACK_MAX - 1, default=1
    )
    if series is None or candles is None:
        return REFUSED
    step = compare(operator, series, graph.shift(series, 1))
    return _joined("all", step, candles)


def _rising(reader: Reader, node: ast.Call, given: list[Value]) -> Value:
    return _moving(reader, node, given, ">")


def _falling(reader: Reader, node: ast.Call, given: list[Value]) -> Value:
    return _moving(reader, node, given, "<")


def _joined(function: str, condition: Node, candles: int) -> Node:
    """Return any, all or count of a condition over the last candles."""
    if candles > PLAN_LAGS_MAX:
        return graph.rolling(function, condition, candles, candles - 1)
    steps = [graph.shift(condition, lag) for lag in range(candles)]
    if function == "all":
        return graph.conjunction(steps)
    if function == "any":
        return graph.disjunction(steps)
    total = graph.number_of(steps[0])
    for step in steps[1:]:
        total = graph.arithmetic("+", total, graph.number_of(step))
    return total


def _over(reader: Reader, node: ast.Call, given: list[Value], function: str) -> Value:
    condition = arguments.condition(reader, node, given[0], function)
    candles = arguments.candles(reader, node, given[1:], low=1, high=FILTER_LOOKBACK_MAX)
    if condition is None or candles is None:
        return REFUSED
    if condition.kind == "truth":
        return reader.refuse(node, "constant", f"{function} of a constant has no meaning")
    return _joined(function, condition, candles)


def _any(reader: Reader, node: ast.Call, given: list[Value]) -> Value:
    return _over(reader, node, given, "any")


def _all(reader: Reader, node: ast.Call, given: list[Value]) -> Value:
    return _over(reader, node, given, "all")


def _count(reader: Reader, node: ast.Call, given: list[Value]) -> Value:
    return _over(reader, node, given, "count")


def _bars_since(reader: Reader, node: ast.Call, given: list[Value]) -> Value:
    condition = arguments.condition(reader, node, given[0], "bars_since")
    candles = arguments.candles(
        reader, node, given[1:], low=1, high=FILTER_LOOKBACK_MAX - 1, default=100
    )
    if condition is None or candles is None:
        return REFUSED
    if condition.kind == "truth":
        return reader.refuse(node, "constant", "bars_since of a constant has no meaning")
    return graph.rolling("bars_since", condition, candles, candles)


def _rolling(
    reader: Reader, node: ast.Call, given: list[Value], function: str, *, low: int, extra: int
) -> Value:
    series = arguments.series(reader, node, given[0])
    high = FILTER_LOOKBACK_MAX - 1 - extra
    candles = arguments.candles(reader, node, given[1:], low=low, high=high)
    if series is None or candles is None:
        return REFUSED
    return graph.rolling(function, series, candles, candles + extra)


def _highest(reader: Reader, node: ast.Call, given: list[Value]) -> Value:
    return _rolling(reader, node, given, "highest", low=1, extra=-1)


def _lowest(reader: Reader, node: ast.Call, given: list[Value]) -> Value:
    return _rolling(reader, node, given, "lowest", low=1, extra=-1)


def _zscore(reader: Reader, node: ast.Call, given: list[Value]) -> Value:
    return _rolling(reader, node, given, "zscore", low=2, extra=-1)


def _percent_rank(reader: Reader, node: ast.Call, given: list[Value]) -> Value:
    return _rolling(reader, node, given, "percent_rank", low=1, extra=0)


def _change(reader: Reader, node: ast.Call, given: list[Value]) -> Value:
    series = arguments.series(reader, node, given[0])
    candles = arguments.candles(
        reader, node, given[1:], low=1, high=FILTER_LOOKBACK_MAX - 1, default=1
    )
    if series is None or candles is None:
        return REFUSED
    return graph.arithmetic("-", series, graph.shift(series, candles))


def _change_pct(reader: Reader, node: ast.Call, given: list[Value]) -> Value:
    change = _change(reader, node, given)
    if not isinstance(change, Node):
        return change
    percent = graph.arithmetic("*", graph.number(100.0), change)
    return graph.arithmetic("/", percent, change.inputs[1])


def _shift(reader: Reader, node: ast.Call, given: list[Value]) -> Value:
    return past(reader, node, given[0], given[1] if len(given) > 1 else 1)


def _cross_section(reader: Reader, node: ast.Call, given: list[Value], function: str) -> Value:
    series = arguments.series(reader, node, given[0])
    return REFUSED if series is None else graph.cross_section(function, series)


def _rank(reader: Reader, node: ast.Call, given: list[Value]) -> Value:
    return _cross_section(reader, node, given, "rank")


def _percentile(reader: Reader, node: ast.Call, given: list[Value]) -> Value:
    return _cross_section(reader, node, given, "percentile")


def _market_mean(reader: Reader, node: ast.Call, given: list[Value]) -> Value:
    return _cross_section(reader, node, given, "market_mean")


def _sum(reader: Reader, node: ast.Call, given: list[Value]) -> Value:
    if is_condition(given[0]):
        return _over(reader, node, given, "count")
    series = arguments.series(reader, node, given[0])
    candles = arguments.candles(reader, node, given[1:], low=2, high=FILTER_LOOKBACK_MAX)
    if series is None or candles is None:
        return REFUSED
    return graph.output(indicator_named("sum", candles), (series,), 0)


def _extreme(reader: Reader, node: ast.Call, given: list[Value], function: str) -> Value:
    """Return the least or greatest of several values, or over the last candles: min(x, 20)."""
    values = [arguments.number(reader, node, value) for value in given]
    if None in values:
        return REFUSED
    over = given[1]
    if (
        len(given) == 2  # noqa: PLR2004 (a series and a count of candles)
        and isinstance(given[0], Node)
        and isinstance(over, int)
        and len(node.args) == len(given)
        and isinstance(node.args[1], ast.Constant)
        and over > 1
    ):
        return _rolling(
            reader, node, given, {"min": "lowest", "max": "highest"}[function], low=2, extra=-1
        )
    result = values[0]
    assert result is not None  # noqa: S101 (said above)
    for value in values[1:]:
        assert value is not None  # noqa: S101 (said above)
        result = extreme_of(function, result, value)
    return result


def extreme_of(function: str, left: Node | float, right: Node | float) -> Node | float:
    """Return the lesser or greater of two values."""
    if isinstance(left, Node) or isinstance(right, Node):
        return graph.arithmetic(function, as_node(left), as_node(right))
    return min(left, right) if function == "min" else max(left, right)


def _min(reader: Reader, node: ast.Call, given: list[Value]) -> Value:
    return _extreme(reader, node, given, "min")


def _max(reader: Reader, node: ast.Call, given: list[Value]) -> Value:
    return _extreme(reader, node, given, "max")


OWN: Final[dict[str, Own]] = {
    "rank": Own(_rank, ("x",), 1),
    "percentile": Own(_percentile, ("x",), 1),
    "market_mean": Own(_market_mean, ("x",), 1),
    "crossed_above": Own(_crossed_above, ("a", "b"), 2),
    "crossed_below": Own(_crossed_below, ("a", "b"), 2),
    "rising": Own(_rising, ("x", "n"), 1),
    "falling": Own(_falling, ("x", "n"), 1),
    "highest": Own(_highest, ("x", "n"), 2),
    "lowest": Own(_lowest, ("x", "n"), 2),
    "bars_since": Own(_bars_since, ("c", "n"), 1),
    "change": Own(_change, ("x", "n"), 1),
    "change_pct": Own(_change_pct, ("x", "n"), 1),
    "zscore": Own(_zscore, ("x", "n"), 2),
    "percent_rank": Own(_percent_rank, ("x", "n"), 2),
    "shift": Own(_shift, ("x", "n"), 2),
    "prev": Own(_shift, ("x", "n"), 1),
    "any": Own(_any, ("c", "n"), 2),
    "all": Own(_all, ("c", "n"), 2),
    "count": Own(_count, ("c", "n"), 2),
    "sum": Own(_sum, ("x", "n"), 2),
    "min": Own(_min, ("a", "b"), 2, many=True),
    "max": Own(_max, ("a", "b"), 2, many=True),
}
