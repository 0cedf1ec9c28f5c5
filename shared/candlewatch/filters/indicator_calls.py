"""Read calls of the catalog's indicators: which arguments are inputs, which are parameters.

Inputs come first, in TA-Lib's order, all of them or none: `atr(14)` and `atr(high, low, close, 14)`
are the same. The first constant number starts the parameters.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from candlewatch.filters import graph, words
from candlewatch.filters.values import (
    REFUSED,
    Outputs,
    Refused,
    Value,
    as_node,
    describe,
    is_number,
    is_series,
)
from candlewatch.frames.window import FIELDS
from candlewatch.indicators.catalog import INDICATORS

if TYPE_CHECKING:
    from candlewatch.filters.graph import Node
    from candlewatch.filters.reader import Reader
    from candlewatch.indicators.indicator import Argument, Bound, Indicator


def indicator_named(name: str, *arguments: Argument) -> Bound:
    """Return an indicator of the catalog, bound to arguments that are known to be right."""
    return INDICATORS[name].bind(arguments)


def call_indicator(reader: Reader, node: ast.Call, name: str) -> Value:
    """Return what a call of an indicator stands for."""
    indicator = INDICATORS[name]
    given = [_argument(reader, part) for part in node.args]
    named = [(word, _argument(reader, word.value)) for word in node.keywords]
    if any(isinstance(value, Refused) for value in (*given, *(value for _, value in named))):
        return REFUSED
    count = 0
    while count < len(given) and not (is_number(given[count]) or isinstance(given[count], str)):
        count += 1
    inputs = _inputs(reader, node, indicator, given[:count])
    arguments = _arguments(reader, node, indicator, given[count:], named)
    if inputs is None or arguments is None:
        return REFUSED
    try:
        bound = indicator.bind(arguments, reader.timeframe)
    except ValueError as error:
        return reader.refuse(node, "parameter", str(error))
    result = Outputs(bound, inputs)
    return result if len(bound.outputs) > 1 else result.node(0)


def _argument(reader: Reader, node: ast.expr) -> Value:
    """Return an argument's value; a text stands for itself (the name of a choice)."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    value = reader.read(node)
    return value.node(0) if isinstance(value, Outputs) else value


def _inputs(
    reader: Reader, node: ast.Call, indicator: Indicator, given: list[Value]
) -> tuple[Node, ...] | None:
    names = indicator.inputs
    for value in given:
        if not is_series(value):
            reader.refuse(
                node, "kind", f"{indicator.name} needs series as inputs, got {describe(value)}"
            )
            return None
    if len(given) == len(names):
        return tuple(as_node(value) for value in given)
    form = f"{indicator.name}({', '.join(names)}, ...)"
    if given or any(name not in (*FIELDS, "real") for name in names):
        reader.refuse(
            node,
            "arguments",
            f"{indicator.name} takes {len(names)} series as inputs, got {len(given)}",
            f"it is called as {form}",
        )
        return None
    return tuple(
        graph.field(reader.timeframe.name, "close" if name == "real" else name) for name in names
    )


def _arguments(
    reader: Reader,
    node: ast.Call,
    indicator: Indicator,
    given: list[Value],
    named: list[tuple[ast.keyword, Value]],
) -> list[Argument] | None:
    """Return the parameters in the catalog's order; those left out between keep their default."""
    places: dict[int, Value] = dict(enumerate(given))
    for keyword, value in named:
        word = keyword.arg or ""
        place = indicator.position(word)
        if place is None or place in places:
            known = [parameter.name for parameter in indicator.parameters]
            what = f"has no parameter {word[:40]}" if place is None else f"got {word} twice"
            hint = words.nearest(word, known) or f"it has {', '.join(known)}"
            reader.refuse(keyword, "arguments", f"{indicator.name} {what}", hint)
            return None
        places[place] = value
    arguments: list[Argument] = []
    for place in range(max(places, default=-1) + 1):
        if place not in places:
            arguments.append(indicator.parameters[place].default)
            continue
        value = places[place]
        if is_number(value) or isinstance(value, str):
            arguments.append(value)  # type: ignore[arg-type]  # said by the line above
        else:
            hint = "parameters are constants, as in ema(close, 20); inputs come before them"
            reader.refuse(
                node,
                "constant",
                f"a parameter of {indicator.name} is not constant, got {describe(value)}",
                hint,
            )
            return None
    return arguments
