"""What each call of the language means at one point: which function answers for which name."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from tests.filters.oracle import elsewhere, formulas, leaf, windows
from tests.filters.oracle.logic import both, compare, condition

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.filters.oracle.logic import Value
    from tests.filters.oracle.place import Place, Result

CROSSINGS = {
    "crossed_above": (">", "<="),
    "crosses_above": (">", "<="),
    "crossover": (">", "<="),
    "crossed_below": ("<", ">="),
    "crosses_below": ("<", ">="),
    "crossunder": ("<", ">="),
}
TRENDS = {"rising": ">", "falling": "<"}


def call(place: Place, node: ast.Call) -> Result:
    """Return the value of a call."""
    if not isinstance(node.func, ast.Name):
        raise TypeError(f"the language has no {ast.unparse(node)}")
    name, arguments = node.func.id, node.args
    if arguments and isinstance(arguments[0], ast.GeneratorExp):
        return windows.unrolled(place, name, arguments[0])
    if name in ("max", "min") and windows.rolls(arguments):
        return windows.rolling(place, {"max": "highest", "min": "lowest"}[name], arguments)
    meaning = MEANINGS.get(name)
    if meaning is not None:
        return meaning(place, name, arguments)
    return leaf.indicator(place, node)


def _past(place: Place, _name: str, arguments: list[ast.expr]) -> Result:
    return place.back(place.candles(arguments, default=1)).value(arguments[0])


def _crossed(place: Place, name: str, arguments: list[ast.expr]) -> bool | None:
    now, before = CROSSINGS[name]
    here = [place.number(argument) for argument in arguments]
    then = [place.back(1).number(argument) for argument in arguments]
    return both((compare(now, here[0], here[1]), compare(before, then[0], then[1])))


def _trend(place: Place, name: str, arguments: list[ast.expr]) -> bool | None:
    count = place.candles(arguments, default=1)
    values = [place.back(ago).number(arguments[0]) for ago in range(count + 1)]
    return both(compare(TRENDS[name], values[ago], values[ago + 1]) for ago in range(count))


def _bars_since(place: Place, _name: str, arguments: list[ast.expr]) -> float | None:
    count = place.candles(arguments, default=100)
    values = place.last(arguments[0], count + 1)
    return formulas.bars_since([condition(value) for value in values])


def _elementwise(place: Place, name: str, arguments: list[ast.expr]) -> Value:
    value = place.number(arguments[0])
    return None if value is None else formulas.ELEMENTWISE[name](value)


MEANINGS: dict[str, Callable[[Place, str, list[ast.expr]], Result]] = {
    "at": elsewhere.at,
    "of": elsewhere.of,
    "bars_since": _bars_since,
    **dict.fromkeys(("rank", "percentile", "market_mean"), elsewhere.cross_section),
    **dict.fromkeys(("prev", "shift"), _past),
    **dict.fromkeys(("any", "all", "count"), windows.window),
    **dict.fromkeys(("min", "max"), windows.extreme),
    **dict.fromkeys(CROSSINGS, _crossed),
    **dict.fromkeys(TRENDS, _trend),
    **dict.fromkeys(formulas.ROLLING, windows.rolling),
    **dict.fromkeys(formulas.ELEMENTWISE, _elementwise),
}
