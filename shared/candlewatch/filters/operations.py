"""Make values of values: what operators, comparisons, choices and looking back mean.

Each function checks kinds, folds constants, and otherwise makes a node; what is wrong is noted with
the reader, and `REFUSED` returned.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Final

from candlewatch.filters import graph
from candlewatch.filters.graph import Node
from candlewatch.filters.values import (
    Outputs,
    Refused,
    Value,
    as_node,
    compared,
    describe,
    folded,
    is_condition,
    is_number,
    is_series,
    whole,
)
from candlewatch.settings import FILTER_LOOKBACK_MAX
from candlewatch.wording import counted, written

if TYPE_CHECKING:
    from candlewatch.filters.reader import Reader


OPERATORS: Final[dict[type[ast.operator], str]] = {
    ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/",
    ast.FloorDiv: "//", ast.Mod: "%", ast.Pow: "**",
}  # fmt: skip


def read_condition(reader: Reader, node: ast.expr, what: str) -> Node | None:
    """Return a condition, or None after noting that there is none."""
    value = reader.read(node)
    if isinstance(value, Refused):
        return None
    if isinstance(value, Outputs):
        value = value.node(0)
    if not is_condition(value):
        hint = "compare it with something, for instance ... > 0"
        reader.refuse(node, "kind", f"{what} needs a condition, got {describe(value)}", hint)
        return None
    condition = as_node(value)
    reader.part(node, condition)
    return condition


def read_number(reader: Reader, node: ast.expr, what: str) -> Node | int | float | None:
    """Return a series or a constant number, or None after noting that there is none."""
    value = reader.read(node)
    if isinstance(value, Refused):
        return None
    if isinstance(value, Outputs):
        value = value.node(0)
    if not (is_number(value) or is_series(value)):
        reader.refuse(node, "kind", f"{what} needs numbers, got {describe(value)}")
        return None
    assert isinstance(value, Node | int | float)  # noqa: S101 (said above in other words)
    return value


def combined(
    reader: Reader,
    node: ast.expr | ast.stmt,
    operator: str,
    left: Node | float,
    right: Node | float,
) -> Value:
    """Return `left operator right` of two numbers, folded where both are constant."""
    if not isinstance(left, Node) and not isinstance(right, Node):
        try:
            return folded(operator, left, right)
        except ValueError as error:
            return reader.refuse(node, "number", str(error))
    if operator != "**":
        return graph.arithmetic(operator, as_node(left), as_node(right))
    if isinstance(right, Node):
        hint = "exponents are constants: x ** 2; exp(x * ln(y)) for others"
        return reader.refuse(node, "constant", "the exponent is not a constant", hint)
    reader.spend(node, 8)
    return graph.power(as_node(left), right)


def compare(  # noqa: PLR0911 (one for each operator)
    operator: str, left: Node | float, right: Node | float
) -> Node:
    """Return a comparison in the graph's form: less, equal and their negations."""
    if not isinstance(left, Node) and not isinstance(right, Node):
        return graph.TRUE if compared(operator, left, right) else graph.FALSE
    one, other = as_node(left), as_node(right)
    match operator:
        case "<":
            return graph.less(one, other)
        case ">":
            return graph.less(other, one)
        case "<=":
            return graph.negate(graph.less(other, one))
        case ">=":
            return graph.negate(graph.less(one, other))
        case "==":
            return graph.equal(one, other)
        case _:
            return graph.negate(graph.equal(one, other))


def constant_or_node(condition: Node) -> Value:
    """Return True and False as constants, so that they fold further."""
    return condition is graph.TRUE if condition.kind == "truth" else condition


def chosen(
    reader: Reader, node: ast.expr | ast.stmt, condition: Node, yes: Value, no: Value
) -> Value:
    """Return `yes if condition else no`."""
    one, other = (value.node(0) if isinstance(value, Outputs) else value for value in (yes, no))
    numbers = all(is_number(value) or is_series(value) for value in (one, other))
    conditions = is_condition(one) and is_condition(other)
    if not numbers and not conditions:
        return reader.refuse(
            node,
            "kind",
            f"both sides of an if are numbers or both conditions, got {describe(one)} and"
            f" {describe(other)}",
        )
    if condition.kind == "truth":
        return one if condition is graph.TRUE else other
    return graph.where(condition, as_node(one), as_node(other))


def past(reader: Reader, node: ast.expr, value: Value, candles: Value) -> Value:
    """Return the value so many candles before."""
    if isinstance(value, Outputs):
        if value.numbers:
            names = ", ".join("." + name for name in value.bound.outputs)
            return reader.refuse(
                node, "outputs", f"this has several results: {names}", "choose one, then its past"
            )
        value = value.node(0)
    if not isinstance(value, Node):
        return reader.refuse(node, "constant", f"{describe(value)} that is constant has no past")
    lag = whole(candles)
    if lag is None:
        return reader.refuse(
            node, "constant", "the number of candles before is not a constant whole number"
        )
    if lag < 0:
        near = -lag < FILTER_LOOKBACK_MAX
        hint = f"x[{-lag}] is {counted(-lag, 'candle')} before" if near else ""
        return reader.refuse(node, "look_ahead", "a filter cannot look ahead", hint)
    if lag >= FILTER_LOOKBACK_MAX:
        return reader.refuse(
            node,
            "lookback",
            f"candles before must be from 0 to {FILTER_LOOKBACK_MAX - 1}, got {written(lag)}",
        )
    return graph.shift(value, lag)
