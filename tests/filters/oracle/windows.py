"""Functions over the last candles, over several arguments, and over the turns of a generator."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from tests.filters.oracle import formulas
from tests.filters.oracle.logic import Value, both, calculate, condition, either, number

if TYPE_CHECKING:
    from tests.filters.oracle.place import Place

CHANGES = ("change", "change_pct", "percent_rank")


def window(place: Place, name: str, arguments: list[ast.expr]) -> Value:
    """Return any, all or count of a condition over the last n candles."""
    count = place.whole(arguments[1])
    return fold(name, place.last(arguments[0], count))


def extreme(place: Place, name: str, arguments: list[ast.expr]) -> Value:
    """Return the largest or smallest of several values on this candle."""
    return fold(name, [place.number(argument) for argument in arguments])


def unrolled(place: Place, name: str, generator: ast.GeneratorExp) -> Value:
    """Return any, all, sum, min or max of `EXPR for i in range(...)`, nested once at most."""
    places = [place]
    for loop in generator.generators:
        target, source = loop.target, loop.iter
        if not isinstance(target, ast.Name) or not isinstance(source, ast.Call):
            raise TypeError(f"the language has no {ast.unparse(generator)}")
        places = [
            each._replace(scope=each.oracle.turn(each.scope, target.id, index))
            for each in places
            for index in range(*(each.whole(bound) for bound in source.args))
        ]
    return fold(name, [each.plain(generator.elt) for each in places])


def fold(name: str, values: list[Value]) -> Value:
    """Join values in their order: Kleene for any and all; else an unknown one makes it unknown."""
    if name == "any":
        return either(condition(value) for value in values)
    if name == "all":
        return both(condition(value) for value in values)
    if any(value is None for value in values):
        return None
    numbers = [float(value) for value in values if value is not None]
    if name in ("min", "max"):
        return min(numbers) if name == "min" else max(numbers)
    total: float | None = 0.0
    for each in numbers:
        total = calculate("+", total, each)
    return total


def rolls(arguments: list[ast.expr]) -> bool:
    """Whether min or max is the rolling one: two arguments, the second a literal of at least 2."""
    if len(arguments) != 2:
        return False
    second = arguments[1]
    return isinstance(second, ast.Constant) and type(second.value) is int and second.value >= 2


def rolling(place: Place, name: str, arguments: list[ast.expr]) -> float | None:
    """Return one of our own formulas over the values of the last candles, oldest first."""
    count = place.candles(arguments, default=1)
    values = place.last(arguments[0], count + 1 if name in CHANGES else count)
    return formulas.ROLLING[name]([number(value) for value in values])
