"""Read expressions: from the syntax tree to values, one small function per kind of node.

A function gets the reader and the node. It notes what is wrong and returns `REFUSED`; it never
stops at the first problem.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any, Final

from candlewatch.filters import calls, graph, words
from candlewatch.filters.graph import Node
from candlewatch.filters.operations import (
    OPERATORS,
    chosen,
    combined,
    compare,
    constant_or_node,
    past,
    read_condition,
    read_number,
)
from candlewatch.filters.values import REFUSED, Outputs, Refused, Value, describe
from candlewatch.frames.window import FIELDS

if TYPE_CHECKING:
    from collections.abc import Callable

    from candlewatch.filters.reader import Reader

_COMPARISONS: Final[dict[type[ast.cmpop], str]] = {
    ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=", ast.Eq: "==", ast.NotEq: "!=",
}  # fmt: skip
_WHOLE_MAX: Final = 2**53


def _constant(reader: Reader, node: ast.Constant) -> Value:
    value = node.value
    if isinstance(value, bool):
        return value
    if isinstance(value, int | float):
        if abs(value) > _WHOLE_MAX and isinstance(value, int):
            return reader.refuse(
                node, "number", "the number is beyond 2**53, the largest whole one that is exact"
            )
        if value in (float("inf"), float("-inf")):
            return reader.refuse(node, "number", "the number is beyond what float64 can hold")
        return value
    if isinstance(value, str):
        return reader.refuse(
            node, "text_value", "a text stands only as the first argument of at() and of()"
        )
    return reader.refuse(node, "expression", f"{value!r:.20} is no value of a filter")


def _name(reader: Reader, node: ast.Name) -> Value:  # noqa: PLR0911 (one for each kind)
    word = node.id
    if word in reader.names:
        return reader.names[word]
    if word in words.MEANS:
        return _mean(reader, words.MEANS[word])
    if word in words.TIME_NAMES:
        return graph.time_of(reader.timeframe.name, word)
    if word in FIELDS:
        return graph.field(reader.timeframe.name, word)
    if word in reader.partly:
        return reader.refuse(
            node,
            "unassigned",
            f"{word} has a value in one branch of the if only",
            f"give {word} a value before the if, or in every branch",
        )
    if calls.is_function(word):
        return reader.refuse(node, "unknown_name", f"{word} is a function", f"call it: {word}(...)")
    known = (*words.SERIES, *reader.names, *calls.function_names())
    return reader.refuse(
        node, "unknown_name", f"there is no name {word[:40]}", words.nearest(word, known)
    )


def _mean(reader: Reader, fields: tuple[str, ...]) -> Node:
    total = graph.field(reader.timeframe.name, fields[0])
    for name in fields[1:]:
        total = graph.arithmetic("+", total, graph.field(reader.timeframe.name, name))
    return graph.arithmetic("/", total, graph.number(len(fields)))


def _binary(reader: Reader, node: ast.BinOp) -> Value:
    operator = OPERATORS.get(type(node.op))
    if operator is None:
        hint = "write and, or, not between conditions"
        reader.read(node.left)
        reader.read(node.right)
        return reader.refuse(node, "expression", "bit operators are not in the language", hint)
    left = read_number(reader, node.left, operator)
    right = read_number(reader, node.right, operator)
    if left is None or right is None:
        return REFUSED
    return combined(reader, node, operator, left, right)


def _unary(reader: Reader, node: ast.UnaryOp) -> Value:
    if isinstance(node.op, ast.Not):
        condition = read_condition(reader, node.operand, "not")
        return REFUSED if condition is None else constant_or_node(graph.negate(condition))
    if isinstance(node.op, ast.Invert):
        return reader.refuse(node, "expression", "~ is not in the language", "write not")
    value = read_number(reader, node.operand, "a sign")
    if value is None:
        return REFUSED
    if isinstance(node.op, ast.UAdd):
        return value
    return graph.unary("negative", value) if isinstance(value, Node) else -value


def _logic(reader: Reader, node: ast.BoolOp) -> Value:
    word = "and" if isinstance(node.op, ast.And) else "or"
    conditions = [read_condition(reader, operand, word) for operand in node.values]
    known = [condition for condition in conditions if condition is not None]
    if len(known) < len(conditions):
        return REFUSED
    join = graph.conjunction if word == "and" else graph.disjunction
    return constant_or_node(join(known))


def _comparison(reader: Reader, node: ast.Compare) -> Value:
    sides = [node.left, *node.comparators]
    values = [read_number(reader, side, "a comparison") for side in sides]
    pairs: list[Node] = []
    refused = False
    for operator, left, right in zip(node.ops, values, values[1:], strict=False):
        symbol = _COMPARISONS.get(type(operator))
        if symbol is None:
            hint = "write ==, or several comparisons joined by or"
            reader.refuse(node, "expression", "is and in are not in the language", hint)
            refused = True
        elif left is not None and right is not None:
            pairs.append(compare(symbol, left, right))
    if refused or len(pairs) < len(node.ops):
        return REFUSED
    for side, value in zip(sides, values, strict=True):
        if isinstance(value, Node) and not reader.repeating:
            reader.watch(side, value)
    return constant_or_node(graph.conjunction(pairs))


def _choice(reader: Reader, node: ast.IfExp) -> Value:
    condition = read_condition(reader, node.test, "if")
    yes, no = reader.read(node.body), reader.read(node.orelse)
    if condition is None or isinstance(yes, Refused) or isinstance(no, Refused):
        return REFUSED
    return chosen(reader, node, condition, yes, no)


def _subscript(reader: Reader, node: ast.Subscript) -> Value:
    value = reader.read(node.value)
    if isinstance(node.slice, ast.Slice | ast.Tuple):
        hint = "x[1] is the candle before; highest(x, n), any(c, n) look at several"
        return reader.refuse(node, "expression", "slices are not in the language", hint)
    index = reader.read(node.slice)
    if isinstance(value, Refused) or isinstance(index, Refused):
        return REFUSED
    return past(reader, node, value, index)


def _attribute(reader: Reader, node: ast.Attribute) -> Value:
    if isinstance(node.value, ast.Name) and node.value.id not in reader.names:
        owner = node.value.id
        if owner not in words.SERIES and not calls.is_function(owner):
            known = (*words.SERIES, *calls.function_names())
            hint = words.nearest(node.attr, known)
            return reader.refuse(
                node, "unknown_name", f"there is no {owner[:30]}.{node.attr[:30]}", hint
            )
    value = reader.read(node.value)
    if isinstance(value, Refused):
        return REFUSED
    if not isinstance(value, Outputs):
        return reader.refuse(
            node,
            "attribute",
            f"{describe(value)} has no .{node.attr[:40]}",
            "only functions with several results have parts, as macd(close).hist",
        )
    if node.attr in value.bound.outputs:
        return value.node(value.bound.outputs.index(node.attr))
    names = ", ".join("." + name for name in value.bound.outputs)
    return reader.refuse(
        node,
        "attribute",
        f"{value.bound.indicator.name} has no .{node.attr[:40]}; it has {names}",
        words.nearest(node.attr, value.bound.outputs),
    )


def _call(reader: Reader, node: ast.Call) -> Value:
    return calls.call(reader, node)


def not_in_language(reader: Reader, node: ast.expr) -> Value:
    """Refuse a kind of expression that the language has not."""
    kind = type(node).__name__
    what = {
        "Lambda": "lambda is", "NamedExpr": ":= is", "ListComp": "list comprehensions are",
        "SetComp": "set comprehensions are", "DictComp": "dict comprehensions are",
        "JoinedStr": "f-strings are", "FormattedValue": "f-strings are", "Await": "await is",
        "Yield": "yield is", "YieldFrom": "yield is", "Starred": "* is", "Dict": "dicts are",
        "Set": "sets are", "List": "lists are", "Slice": "slices are",
        "Tuple": "a tuple here is",
        "GeneratorExp": "a generator outside any, all, sum, min, max is",
    }.get(kind, f"{kind} is")  # fmt: skip
    hint = "any(... for i in range(5)) is" if kind.endswith("Comp") else ""
    return reader.refuse(node, "expression", f"{what} not in the language", hint)


HANDLERS: Final[dict[type[ast.expr], Callable[[Reader, Any], Value]]] = {
    ast.Constant: _constant,
    ast.Name: _name,
    ast.BinOp: _binary,
    ast.UnaryOp: _unary,
    ast.BoolOp: _logic,
    ast.Compare: _comparison,
    ast.IfExp: _choice,
    ast.Subscript: _subscript,
    ast.Attribute: _attribute,
    ast.Call: _call,
}
"""Each handler takes the node of its key."""
