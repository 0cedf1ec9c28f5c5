"""Read `at("4h", x)` and `of("BTCUSDT", x)`: an expression in other surroundings."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING, Final

from candlewatch.filters import context, words
from candlewatch.filters.graph import Node, reachable
from candlewatch.filters.values import (
    REFUSED,
    Outputs,
    Refused,
    Value,
    as_node,
    describe,
    is_condition,
    is_series,
)
from candlewatch.timeframes import TIMEFRAMES

if TYPE_CHECKING:
    from collections.abc import Callable

    from candlewatch.filters.reader import Reader

_SYMBOL: Final = re.compile(r"[^\W_a-z]{1,30}")


def read(reader: Reader, node: ast.Call, name: str) -> Value:
    """Return what `at` or `of` stands for."""
    form = words.OWN_FUNCTIONS[name][0]
    if len(node.args) != 2 or node.keywords:  # noqa: PLR2004 (where, and what)
        return reader.refuse(
            node, "arguments", f"{name} takes a text and an expression", f"write {form}"
        )
    text = _text(reader, node.args[0], name)
    if name in reader.within:
        reader.refuse(node, "nesting", f"{name}() inside {name}() has no meaning")
        return REFUSED
    reader.within.add(name)
    since = len(reader.sides)
    value = reader.read(node.args[1])
    reader.within.discard(name)
    move = _mover(reader, node.args[0], name, text) if text is not None else None
    if move is None or isinstance(value, Refused):
        return REFUSED
    return _moved(reader, node, f'{name}("{text}"', value, move, since)


def _moved(  # noqa: PLR0917 (what is moved, and how)
    reader: Reader,
    node: ast.Call,
    prefix: str,
    value: Value,
    move: Callable[[Node], Node],
    since: int,
) -> Value:
    try:
        if isinstance(value, Outputs):
            # Each result is moved by itself; they share the indicator's node afterwards.
            places = range(len(value.bound.outputs))
            _spend(reader, node, value.node(0), since)
            moved = tuple(move(value.node(place)) for place in places)
            reader.moved(prefix, move, since)
            return _outputs(value, moved)
        if not (is_condition(value) or is_series(value) or isinstance(value, int | float)):
            return reader.refuse(
                node, "kind", f"this needs a series or a condition, got {describe(value)}"
            )
        if not isinstance(value, Node):
            return value
        _spend(reader, node, value, since)
        reader.moved(prefix, move, since)
        return move(as_node(value))
    except ValueError as error:
        return reader.refuse(node, "nesting", str(error))


def _spend(reader: Reader, node: ast.Call, value: Node, since: int) -> None:
    """Count the terms that are built anew, of the value and of the sides noted in it, as work."""
    terms = len(reachable((value,)))
    reader.spend(node, terms * (1 + len(reader.sides) - since))


def _outputs(value: Outputs, moved: tuple[Node, ...]) -> Value:
    """Return a moved call with several results: its parts are reached by name as before."""
    return Outputs(value.bound, value.inputs, moved=moved)


def _mover(reader: Reader, node: ast.expr, name: str, text: str) -> Callable[[Node], Node] | None:
    if name == "of":
        if not _SYMBOL.fullmatch(text):
            reader.refuse(
                node,
                "symbol",
                f"{text[:30]!r} is no symbol",
                "write it as the exchange does, as BTCUSDT",
            )
            return None
        return lambda operand: context.of_symbol(operand, text)
    timeframe, base = TIMEFRAMES.get(text), reader.timeframe
    if timeframe is None:
        known = ", ".join(known for known in TIMEFRAMES if TIMEFRAMES[known] >= base)
        reader.refuse(
            node, "timeframe", f"there is no timeframe {text[:20]!r}", f"it is one of {known}"
        )
        return None
    if timeframe < base:
        hint = f"run the filter on {timeframe}, and use at() for the longer ones"
        reader.refuse(
            node,
            "timeframe",
            f"at() reaches longer timeframes only: {timeframe} is shorter than"
            f" {base}, on which the filter runs",
            hint,
        )
        return None
    return lambda operand: context.at_timeframe(operand, timeframe, base)


def _text(reader: Reader, node: ast.expr, name: str) -> str | None:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    form = words.OWN_FUNCTIONS[name][0]
    reader.refuse(
        node, "text_value", f"the first argument of {name} is a text in quotes", f"write {form}"
    )
    return None
