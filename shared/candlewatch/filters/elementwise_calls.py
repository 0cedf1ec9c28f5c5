"""Read calls of functions of one number: abs, sqrt, ln and their like."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Final

from candlewatch.filters import graph
from candlewatch.filters.graph import Node
from candlewatch.filters.operations import read_number
from candlewatch.filters.values import REFUSED, Value

if TYPE_CHECKING:
    import ast
    from collections.abc import Callable

    from candlewatch.filters.reader import Reader

_CONSTANT: Final[dict[str, Callable[[float], float]]] = {
    "abs": abs, "sqrt": math.sqrt, "exp": math.exp, "ln": math.log, "log10": math.log10,
    "floor": math.floor, "ceil": math.ceil, "sin": math.sin, "cos": math.cos, "tan": math.tan,
    "asin": math.asin, "acos": math.acos, "atan": math.atan, "sinh": math.sinh,
    "cosh": math.cosh, "tanh": math.tanh,
}  # fmt: skip


def call_elementwise(reader: Reader, node: ast.Call, name: str) -> Value:
    """Return the function of a series, or of a constant at once."""
    if len(node.args) != 1 or node.keywords:
        return reader.refuse(node, "arguments", f"{name} takes 1 argument, got {len(node.args)}")
    value = read_number(reader, node.args[0], name)
    if value is None:
        return REFUSED
    if isinstance(value, Node):
        return graph.unary(name, value)
    try:
        return _CONSTANT[name](value)
    except (ValueError, OverflowError):
        return reader.refuse(node, "number", f"{name}({value:g}) is no finite number")
