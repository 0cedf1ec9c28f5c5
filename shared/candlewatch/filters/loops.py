"""Read loops: `any(EXPRESSION for i in range(5))` and all, sum, min, max over a constant range.

The expression is read once for each value of the loop's name, which is a constant in it.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Final

from candlewatch.filters import graph
from candlewatch.filters.functions import extreme_of
from candlewatch.filters.operations import combined, constant_or_node
from candlewatch.filters.values import (
    REFUSED,
    Outputs,
    Refused,
    Value,
    as_node,
    describe,
    is_condition,
    is_number,
    is_series,
    whole,
)
from candlewatch.settings import FILTER_LOOP_MAX

if TYPE_CHECKING:
    from candlewatch.filters.graph import Node
    from candlewatch.filters.reader import Reader

_LOOPS: Final = ("any", "all", "sum", "min", "max")
_NESTED_MAX: Final = 2


def unroll(reader: Reader, node: ast.Call, name: str, loop: ast.GeneratorExp) -> Value:
    """Return what a function over a loop stands for."""
    if name not in _LOOPS or len(node.args) != 1 or node.keywords:
        hint = "loops are written any(... for i in range(5)); also all, sum, min, max"
        return reader.refuse(loop, "loop", f"{name} takes no loop", hint)
    head = _head(reader, loop)
    if head is None:
        return REFUSED
    word, values = head
    if sum(key.startswith("for ") for key in reader.within) >= _NESTED_MAX:
        return reader.refuse(loop, "loop", "loops may be nested two deep, not deeper")
    results = _results(reader, loop, word, values)
    if any(isinstance(value, Refused) for value in results):
        return REFUSED
    if name in ("any", "all"):
        return _conditions(reader, node, name, results)
    return _numbers(reader, node, name, results)


def _results(reader: Reader, loop: ast.GeneratorExp, word: str, values: range) -> list[Value]:
    """Read the expression for each value of the loop's name."""
    hidden = {word: reader.names[word]} if word in reader.names else {}
    mark = f"for {word} {len(reader.within)}"
    reader.within.add(mark)
    results: list[Value] = []
    for turn, value in enumerate(values):
        reader.repeating += turn > 0
        reader.names[word] = value
        result = reader.read(loop.elt)
        reader.repeating -= turn > 0
        results.append(result.node(0) if isinstance(result, Outputs) else result)
        if isinstance(result, Refused):
            break
    reader.within.discard(mark)
    del reader.names[word]
    reader.names.update(hidden)
    return results


def _head(reader: Reader, loop: ast.GeneratorExp) -> tuple[str, range] | None:
    """Return the loop's name and values: one `for NAME in range(constants)`, no `if`."""
    first = loop.generators[0]
    call = first.iter
    if (
        len(loop.generators) > 1
        or first.ifs
        or first.is_async
        or not isinstance(first.target, ast.Name)
        or not isinstance(call, ast.Call)
        or not isinstance(call.func, ast.Name)
        or call.func.id != "range"
        or call.keywords
        or not 1 <= len(call.args) <= 2  # noqa: PLR2004 (an end, or a start and an end)
    ):
        reader.refuse(
            loop,
            "loop",
            "a loop is one `for i in range(n)` or `range(a, b)`, without if",
            "put a condition into the expression with and",
        )
        return None
    bounds = [reader.read(bound) for bound in call.args]
    if any(isinstance(bound, Refused) for bound in bounds):
        return None
    ends = [end for end in map(whole, bounds) if end is not None]
    values = range(*ends) if len(ends) == len(bounds) else range(0)
    if not 1 <= values.stop - values.start <= FILTER_LOOP_MAX:
        reader.refuse(
            call,
            "loop",
            f"range() takes constant whole numbers and runs over 1 to {FILTER_LOOP_MAX:,} values",
        )
        return None
    return first.target.id, values


def _conditions(reader: Reader, node: ast.Call, name: str, results: list[Value]) -> Value:
    for result in results:
        if not is_condition(result):
            hint = "compare it with something, for instance x[i] > 0"
            return reader.refuse(
                node, "kind", f"{name} needs conditions, got {describe(result)}", hint
            )
    join = graph.conjunction if name == "all" else graph.disjunction
    return constant_or_node(join(as_node(result) for result in results))


def _numbers(reader: Reader, node: ast.Call, name: str, results: list[Value]) -> Value:
    if name == "sum" and all(is_condition(result) for result in results):
        results = [graph.number_of(as_node(result)) for result in results]
    total: Value = REFUSED
    for turn, result in enumerate(results):
        if not (is_number(result) or is_series(result)):
            return reader.refuse(node, "kind", f"{name} needs numbers, got {describe(result)}")
        number: Node | float = result  # type: ignore[assignment]  # said by the line above
        if turn == 0:
            total = number
        elif name == "sum":
            total = combined(reader, node, "+", total, number)  # type: ignore[arg-type]
        else:
            total = extreme_of(name, total, number)  # type: ignore[arg-type]
        if isinstance(total, Refused):
            return REFUSED
    return total
