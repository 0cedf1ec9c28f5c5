"""Arguments of our own functions: of the right kind, or None after noting what is wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING

from candlewatch.filters.values import (
    Outputs,
    Value,
    as_node,
    describe,
    is_condition,
    is_number,
    is_series,
    whole,
)
from candlewatch.wording import written

if TYPE_CHECKING:
    import ast

    from candlewatch.filters.graph import Node
    from candlewatch.filters.reader import Reader


def single(value: Value) -> Value:
    """Return a value, the first result of a call that has several."""
    return value.node(0) if isinstance(value, Outputs) else value


def number(reader: Reader, node: ast.Call, given: Value) -> Node | int | float | None:
    """Return a series or a constant number."""
    value = single(given)
    if is_number(value) or is_series(value):
        return value  # type: ignore[return-value]  # said by the two questions
    reader.refuse(node, "kind", f"this function needs numbers, got {describe(value)}")
    return None


def series(reader: Reader, node: ast.Call, given: Value) -> Node | None:
    """Return a series."""
    value = single(given)
    if is_series(value):
        return as_node(value)
    reader.refuse(node, "kind", f"this function needs a series, got {describe(value)}")
    return None


def condition(reader: Reader, node: ast.Call, given: Value, function: str) -> Node | None:
    """Return a condition."""
    value = single(given)
    if is_condition(value):
        condition = as_node(value)
        if node.args and condition.timeframe:
            reader.part(node.args[0], condition)
        return condition
    hint = "compare it with something, for instance x > 0"
    reader.refuse(node, "kind", f"{function} needs a condition, got {describe(value)}", hint)
    return None


def candles(
    reader: Reader,
    node: ast.Call,
    given: list[Value],
    *,
    low: int,
    high: int,
    default: int | None = None,
) -> int | None:
    """Return a count of candles: a constant whole number between the bounds."""
    value = given[0] if given else default
    count = whole(value)
    if count is not None and low <= count <= high:
        return count
    what = written(value) if is_number(value) else describe(value)  # type: ignore[arg-type]
    reader.refuse(
        node,
        "parameter",
        f"the number of candles must be a constant whole number from {low} to {high:,}, got {what}",
    )
    return None
