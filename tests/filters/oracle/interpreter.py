"""The oracle: what a filter means, one symbol and one candle at a time.

It walks Python's own tree of an accepted text, with plain floats and None for "not known". No
sharing between filters, no arrays (but for TA-Lib's own functions, at their leaf). A value that was
computed for a place of the text, a symbol and a candle is remembered: that is its only haste.
"""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, Any

from tests.filters.oracle import calls, outputs
from tests.filters.oracle.logic import Value, both, calculate, compare, either, negate, power
from tests.filters.oracle.place import Place, Point
from tests.filters.oracle.prices import price
from tests.filters.oracle.scope import (
    Answer,
    Binding,
    Chosen,
    Fall,
    Outcome,
    Part,
    Scope,
    Turn,
    outcome,
)
from tests.filters.oracle.tape import Candle, Tape, last_closed

if TYPE_CHECKING:
    from collections.abc import Callable

    from tests.filters.oracle.place import Result

OPERATORS: dict[type[ast.operator], str] = {
    ast.Add: "+",
    ast.Sub: "-",
    ast.Mult: "*",
    ast.Div: "/",
    ast.FloorDiv: "//",
    ast.Mod: "%",
}
COMPARISONS: dict[type[ast.cmpop], str] = {
    ast.Lt: "<",
    ast.LtE: "<=",
    ast.Gt: ">",
    ast.GtE: ">=",
    ast.Eq: "==",
    ast.NotEq: "!=",
}
ANCHOR_BLOCK = 512
UNASKED = object()


class Oracle:
    """Answers for one filter on one tape."""

    def __init__(self, source: str, tape: Tape) -> None:
        self.tape = tape
        self.memory: dict[tuple[int, int, Point], Any] = {}
        self.turns: dict[tuple[int, str, int], Scope] = {}
        self.series: dict[tuple[int, int, str, int, int], dict[int, tuple[Value, ...]]] = {}
        self.blocks: dict[str, int] = {}
        self.outcome = outcome(ast.parse(source).body)

    def answer(self, symbol: int, candle: int) -> bool | None:
        """Return True, False or None (not known) for a symbol at a candle of the base timeframe.

        Ask candle by candle: a running total (`obv`) counts from a block that moves with the
        present candle, so that what was remembered is void when the block changes.
        """
        blocks = {
            name: last_closed(self.tape.base, candle, strip.timeframe) // ANCHOR_BLOCK
            for name, strip in self.tape.strips.items()
        }
        if blocks != self.blocks:
            self.blocks = blocks
            self.memory.clear()
            self.series.clear()
        point = Point(self.tape.base.name, symbol, candle)
        if self.candle(point) is None:
            return None
        return self._end(self.outcome, point)

    def _end(self, path: Outcome, point: Point) -> bool | None:
        if isinstance(path, Answer):
            return Place(self, path.scope, point).condition(path.node)
        if isinstance(path, Fall):
            raise TypeError("a path of the filter has no end")
        test = Place(self, path.scope, point).condition(path.test)
        if test is None:
            return None
        return self._end(path.yes if test else path.no, point)

    def present(self, point: Point) -> int:
        """Return the number of the block, of a point's timeframe, that the asked candle is in."""
        return self.blocks[point.timeframe]

    def candle(self, point: Point) -> Candle | None:
        """Return the candle of a point; None where it is not known."""
        return self.tape.strips[point.timeframe].candle(point.symbol, point.number)

    def value(self, node: ast.expr, scope: Scope, point: Point) -> Result:
        """Return what an expression is at a point; remembered."""
        if isinstance(node, ast.Constant):
            return node.value if isinstance(node.value, bool) else float(str(node.value))
        if isinstance(node, ast.Name) and node.id not in scope.names:
            return price(node.id, self.candle(point), point)
        key = (id(node), id(scope), point)
        result = self.memory.get(key, UNASKED)
        if result is UNASKED:
            result = self.memory[key] = MEANINGS[type(node)](node, Place(self, scope, point))
        return result  # type: ignore[no-any-return]

    def turn(self, scope: Scope, name: str, index: int) -> Scope:
        """Return the scope of one turn of a generator, the same one each time."""
        key = (id(scope), name, index)
        if key not in self.turns:
            self.turns[key] = scope.bind(name, Turn(index))
        return self.turns[key]


def _connective(node: ast.BoolOp, place: Place) -> bool | None:
    values = [place.condition(value) for value in node.values]
    return both(values) if isinstance(node.op, ast.And) else either(values)


def _ternary(node: ast.IfExp, place: Place) -> Result:
    test = place.condition(node.test)
    if test is None:
        return None
    return place.value(node.body if test else node.orelse)


def _past(node: ast.Subscript, place: Place) -> Result:
    return place.back(place.whole(node.slice)).value(node.value)


def _sign(node: ast.UnaryOp, place: Place) -> Value:
    if isinstance(node.op, ast.Not):
        return negate(place.condition(node.operand))
    operand = place.number(node.operand)
    return operand if isinstance(node.op, ast.UAdd) or operand is None else -operand


def _arithmetic(node: ast.BinOp, place: Place) -> Value:
    left, right = place.number(node.left), place.number(node.right)
    if isinstance(node.op, ast.Pow):
        return None if right is None else power(left, right)
    return calculate(OPERATORS[type(node.op)], left, right)


def _comparison(node: ast.Compare, place: Place) -> bool | None:
    sides = [place.number(side) for side in (node.left, *node.comparators)]
    return both(
        compare(COMPARISONS[type(operator)], sides[index], sides[index + 1])
        for index, operator in enumerate(node.ops)
    )


def _name(node: ast.Name, place: Place) -> Result:
    return _bound(place.scope.names[node.id], place)


def _bound(binding: Binding, place: Place) -> Result:
    """Return what a bound name is at a point."""
    if isinstance(binding, Turn):
        return float(binding.number)
    there = Place(place.oracle, binding.scope, place.point)
    if isinstance(binding, Chosen):
        test = there.condition(binding.test)
        if test is None:
            return None
        return _bound(binding.yes if test else binding.no, place)
    result = there.value(binding.node)
    if isinstance(binding, Part):
        if not isinstance(result, tuple):
            return result
        return result[binding.index]
    return result


MEANINGS: dict[type[ast.expr], Callable[[Any, Place], Result]] = {
    ast.Name: _name,
    ast.BinOp: _arithmetic,
    ast.UnaryOp: _sign,
    ast.BoolOp: _connective,
    ast.Compare: _comparison,
    ast.IfExp: _ternary,
    ast.Subscript: _past,
    ast.Attribute: lambda node, place: outputs.output(place, node),
    ast.Call: lambda node, place: calls.call(place, node),
}
