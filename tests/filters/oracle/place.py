"""Where the oracle stands: a point of the market, and the names bound at a place of the text."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING, NamedTuple

from tests.filters.oracle.logic import Value, calculate, condition, number
from tests.filters.oracle.scope import Scope, Turn, Written

from candlewatch.timeframes import TIMEFRAMES, Timeframe

if TYPE_CHECKING:
    from tests.filters.oracle.interpreter import Oracle

Result = Value | tuple[Value, ...]
SIGNS = {ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/"}


class Point(NamedTuple):
    """One candle of one symbol on one timeframe."""

    timeframe: str
    symbol: int
    number: int

    @property
    def length(self) -> Timeframe:
        """The timeframe itself."""
        return TIMEFRAMES[self.timeframe]


class Place(NamedTuple):
    """A point, the scope of the expressions that are asked about, and whom to ask."""

    oracle: Oracle
    scope: Scope
    point: Point

    def value(self, node: ast.expr) -> Result:
        """Return what an expression is here."""
        return self.oracle.value(node, self.scope, self.point)

    def plain(self, node: ast.expr) -> Value:
        """Return the value of an expression; several outputs stand for their first."""
        result = self.value(node)
        return result[0] if isinstance(result, tuple) else result

    def number(self, node: ast.expr) -> float | None:
        """Return the value of an expression that is a number or a series."""
        return number(self.plain(node))

    def condition(self, node: ast.expr) -> bool | None:
        """Return the value of an expression that is a condition."""
        return condition(self.plain(node))

    def back(self, candles: int) -> Place:
        """Return the same place some candles before."""
        timeframe, symbol, now = self.point
        return Place(self.oracle, self.scope, Point(timeframe, symbol, now - candles))

    def history(self, node: ast.expr, candles: range) -> list[Value]:
        """Return the values of an expression on some candles of the same symbol, by number."""
        timeframe, symbol, _ = self.point
        points = [Point(timeframe, symbol, number) for number in candles]
        results = [self.oracle.value(node, self.scope, point) for point in points]
        return [result[0] if isinstance(result, tuple) else result for result in results]

    def last(self, node: ast.expr, count: int) -> list[Value]:
        """Return the last values of an expression, that of this candle included, oldest first."""
        return self.history(node, range(self.point.number - count + 1, self.point.number + 1))

    def moved(self, point: Point) -> Place:
        """Return the same place of the text at another point."""
        return Place(self.oracle, self.scope, point)

    def whole(self, node: ast.expr) -> int:
        """Return a constant number of candles."""
        value = literal(node, self.scope)
        if value is None or value != int(value):
            raise TypeError(f"a whole constant is needed: {ast.unparse(node)}")
        return int(value)

    def candles(self, arguments: list[ast.expr], default: int) -> int:
        """Return the second argument, a constant number of candles."""
        return self.whole(arguments[1]) if len(arguments) > 1 else default


def literal(node: ast.expr, scope: Scope) -> float | None:
    """Return the number that an expression stands for whatever the market does; None if none."""
    value: float | None = None
    if isinstance(node, ast.Constant) and type(node.value) in (int, float):
        value = float(str(node.value))
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        operand = literal(node.operand, scope)
        value = None if operand is None else -operand
    elif isinstance(node, ast.BinOp) and type(node.op) in SIGNS:
        left, right = literal(node.left, scope), literal(node.right, scope)
        value = calculate(SIGNS[type(node.op)], left, right)
    elif isinstance(node, ast.Name) and node.id in scope.names:
        binding = scope.names[node.id]
        if isinstance(binding, Turn):
            value = float(binding.number)
        elif isinstance(binding, Written):
            value = literal(binding.node, binding.scope)
    return value
