"""Read calls: which function is meant, and its arguments in the order of its signature."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from candlewatch.filters import functions, loops, surroundings, words
from candlewatch.filters.elementwise_calls import call_elementwise
from candlewatch.filters.indicator_calls import call_indicator
from candlewatch.filters.values import REFUSED, Refused, Value
from candlewatch.indicators.catalog import INDICATORS
from candlewatch.wording import counted

if TYPE_CHECKING:
    from collections.abc import Sequence

    from candlewatch.filters.reader import Reader


def is_function(word: str) -> bool:
    """Whether the language has a function of that name."""
    return (
        word in words.OWN_FUNCTIONS
        or word in words.ALIASES
        or word in words.ELEMENTWISE
        or word in INDICATORS
    )


def function_names() -> tuple[str, ...]:
    """Return the names of all functions, without those that are accepted for other tools' sake."""
    return (*words.OWN_FUNCTIONS, *words.ELEMENTWISE, *INDICATORS)


def call(reader: Reader, node: ast.Call) -> Value:  # noqa: PLR0911 (one for each kind of call)
    """Return what a call stands for."""
    name = _function_name(reader, node)
    if name is None:
        return REFUSED
    generators = [part for part in node.args if isinstance(part, ast.GeneratorExp)]
    if generators:
        return loops.unroll(reader, node, name, generators[0])
    if name in ("at", "of"):
        return surroundings.read(reader, node, name)
    plain = [part for part in node.args if not isinstance(part, ast.Starred)]
    if len(plain) < len(node.args) or any(word.arg is None for word in node.keywords):
        return reader.refuse(
            node, "expression", "* and ** are not in the language", "write the arguments out"
        )
    if name in functions.OWN:
        return _own(reader, node, name)
    if name in words.ELEMENTWISE:
        return call_elementwise(reader, node, name)
    return call_indicator(reader, node, name)


def _function_name(reader: Reader, node: ast.Call) -> str | None:
    if not isinstance(node.func, ast.Name):
        if isinstance(node.func, ast.Attribute):
            hint = words.nearest(node.func.attr, function_names())
            reader.refuse(
                node, "unknown_function", f"there is no method .{node.func.attr[:40]}()", hint
            )
        else:
            reader.refuse(node, "unknown_function", "only functions with a name can be called")
        return None
    name = words.ALIASES.get(node.func.id, node.func.id)
    if is_function(name):
        return name
    if name in words.SERIES:
        hint = f"{name}[1] is the candle before"
        reader.refuse(node, "unknown_function", f"{name} is a series, not a function", hint)
    else:
        hint = words.nearest(name, function_names())
        reader.refuse(node, "unknown_function", f"there is no function {name[:40]}", hint)
    return None


def _own(reader: Reader, node: ast.Call, name: str) -> Value:
    """Call a function of our own with its arguments in the order of its signature."""
    own = functions.OWN[name]
    given = [reader.read(part) for part in node.args]
    places: dict[int, Value] = dict(enumerate(given))
    for word in node.keywords:
        value = reader.read(word.value)
        place = own.names.index(word.arg) if word.arg in own.names else -1
        if place < 0 or place in places:
            return _wrong_keyword(reader, word, name, own.names, repeated=place >= 0)
        places[place] = value
    if any(isinstance(value, Refused) for value in places.values()):
        return REFUSED
    many = own.many and not node.keywords
    if (
        len(places) < own.needed
        or (len(places) > len(own.names) and not many)
        or sorted(places) != list(range(len(places)))
    ):
        form = words.OWN_FUNCTIONS[name][0]
        return reader.refuse(
            node,
            "arguments",
            f"{name} got {counted(len(places), 'argument')}",
            f"it is called as {form}",
        )
    return own.function(reader, node, [places[place] for place in range(len(places))])


def _wrong_keyword(
    reader: Reader, word: ast.keyword, name: str, known: Sequence[str], *, repeated: bool
) -> Value:
    if repeated:
        return reader.refuse(word, "arguments", f"{name} got {word.arg} twice")
    return reader.refuse(
        word,
        "arguments",
        f"{name} has no parameter {(word.arg or '')[:40]}",
        words.nearest(word.arg or "", known) or f"it has {', '.join(known)}",
    )
