"""The graph: immutable nodes, where equal expressions are one object.

A node is a small term: a kind, a value and the nodes it reads. `_node` interns: two authors who
write `ema(close, 12)` share one node, its cells and its result. Making a node folds constants and
brings comparisons and logic into one form (`a > b` is `less(b, a)`, `a or b` is `not (not a and
not b)`), so that more expressions become equal and fewer kinds have to be computed.

Constants are `number` and `truth` nodes; they have no timeframe.
"""

from __future__ import annotations

from itertools import count
from typing import TYPE_CHECKING, Any, Final
from weakref import WeakValueDictionary

if TYPE_CHECKING:
    from collections.abc import Hashable, Iterable

    from candlewatch.indicators.indicator import Bound


class Node:
    """One term of the graph.

    Attributes:
        kind: what it does; the kinds are the functions of this module.
        value: what belongs to the kind: a constant, a name, a count, a bound indicator; hashable.
        inputs: the nodes it reads.
        timeframe: name of the timeframe on whose candles it lives; empty for constants.
        single: it has one row for all symbols (time, another symbol's value, constants).
        condition: true, false or unknown rather than a number.
        extra: candles before the newest one that it reads of its inputs.
        serial: grows with every node, so that inputs have smaller serials.
    """

    __slots__ = (
        "__weakref__",
        "condition",
        "extra",
        "inputs",
        "kind",
        "serial",
        "single",
        "timeframe",
        "value",
    )

    def __init__(
        self, kind: str, value: Any, inputs: tuple[Node, ...], *, condition: bool, extra: int
    ) -> None:
        self.kind = kind
        self.value = value
        self.inputs = inputs
        self.condition = condition
        self.extra = extra
        self.timeframe = ""
        self.single = True
        for node in inputs:
            self.timeframe = self.timeframe or node.timeframe
            self.single = self.single and node.single
        self.serial = next(_serials)

    def __repr__(self) -> str:
        inner = ", ".join(repr(node) for node in self.inputs)
        return f"{self.kind}[{self.value}]({inner})"


_serials: Final = count()
_interned: Final[WeakValueDictionary[Hashable, Node]] = WeakValueDictionary()


def _node(
    kind: str,
    value: Any,
    inputs: tuple[Node, ...],
    *,
    condition: bool = False,
    extra: int = 0,
    timeframe: str = "",
    single: bool | None = None,
) -> Node:
    key = (kind, value, inputs, timeframe)
    known = _interned.get(key)
    if known is not None:
        return known
    node = Node(kind, value, inputs, condition=condition, extra=extra)
    if timeframe:
        node.timeframe = timeframe
    if single is not None:
        node.single = single
    return _interned.setdefault(key, node)


def number(value: float) -> Node:
    """Return a constant; -0.0 is 0.0."""
    return _node("number", float(value) + 0.0, ())


TRUE: Final = _node("truth", "True", (), condition=True)
FALSE: Final = _node("truth", "False", (), condition=True)


def field(timeframe: str, name: str, symbol: str | None = None) -> Node:
    """Return a field of the candles, of each symbol or of the one that is named."""
    return _node("field", (symbol, name), (), timeframe=timeframe, single=symbol is not None)


def time_of(timeframe: str, name: str) -> Node:
    """Return a part of the candle's open time in UTC: minute, hour, weekday, day, month."""
    return _node("time", name, (), timeframe=timeframe)


def arithmetic(operator: str, left: Node, right: Node) -> Node:
    """Return `left operator right`; the operators are + - * / // % and min, max."""
    return _node("arithmetic", operator, (left, right))


def unary(function: str, operand: Node) -> Node:
    """Return a function of one number, such as negative, abs, sqrt."""
    return _node("unary", function, (operand,))


def power(operand: Node, exponent: float) -> Node:
    """Return `operand ** exponent`: whole exponents from -8 to 8 as products."""
    if exponent == 0.5:  # noqa: PLR2004 (a square root is a square root)
        return unary("sqrt", operand)
    if exponent != int(exponent) or abs(exponent) > _PRODUCT_MAX:
        return _node("power", float(exponent), (operand,))
    if exponent == 0:
        return unary("one", operand)
    product = operand
    for _ in range(abs(int(exponent)) - 1):
        product = arithmetic("*", product, operand)
    return product if exponent > 0 else arithmetic("/", number(1.0), product)


_PRODUCT_MAX: Final = 8


def where(condition: Node, yes: Node, no: Node) -> Node:
    """Return `yes if condition else no`; unknown where the condition is unknown."""
    if condition.kind == "truth":
        return yes if condition is TRUE else no
    if yes.condition:
        return _node("choose", None, (condition, yes, no), condition=True)
    return _node("where", None, (condition, yes, no))


def less(left: Node, right: Node) -> Node:
    """Return `left < right`."""
    return _node("less", None, (left, right), condition=True)


def equal(left: Node, right: Node) -> Node:
    """Return `left == right`."""
    if left.serial > right.serial:
        left, right = right, left
    return _node("equal", None, (left, right), condition=True)


def negate(condition: Node) -> Node:
    """Return `not condition`."""
    if condition.kind == "truth":
        return FALSE if condition is TRUE else TRUE
    if condition.kind == "not":
        return condition.inputs[0]
    return _node("not", None, (condition,), condition=True)


def both(left: Node, right: Node) -> Node:
    """Return `left and right` in three-valued logic."""
    if left is FALSE or right is FALSE:
        return FALSE
    if left is TRUE or left is right:
        return right
    if right is TRUE:
        return left
    if left.serial > right.serial:
        left, right = right, left
    return _node("and", None, (left, right), condition=True)


def conjunction(conditions: Iterable[Node]) -> Node:
    """Return `a and b and ...`; True of none."""
    result = TRUE
    for condition in conditions:
        result = both(result, condition)
    return result


def disjunction(conditions: Iterable[Node]) -> Node:
    """Return `a or b or ...`; False of none."""
    return negate(conjunction(negate(condition) for condition in conditions))


def number_of(condition: Node) -> Node:
    """Return 1 where the condition is true, 0 where it is false."""
    if condition.kind == "truth":
        return number(1.0 if condition is TRUE else 0.0)
    return _node("number_of", None, (condition,))


def shift(operand: Node, candles: int) -> Node:
    """Return the value so many candles before."""
    if candles == 0 or not operand.timeframe:
        return operand
    if operand.kind == "shift":
        candles += operand.extra
        operand = operand.inputs[0]
    return _node("shift", candles, (operand,), condition=operand.condition, extra=candles)


def output(bound: Bound, inputs: tuple[Node, ...], place: int) -> Node:
    """Return one output of an indicator."""
    whole = _node("indicator", bound, inputs)
    condition = bound.indicator.kind == "condition"
    return _node("output", place, (whole,), condition=condition)


def rolling(function: str, operand: Node, candles: int, extra: int) -> Node:
    """Return a number over the last candles: of a series, or of a condition."""
    condition = function in ("any", "all")
    return _node("rolling", (function, candles), (operand,), condition=condition, extra=extra)


def cross_section(function: str, operand: Node) -> Node:
    """Return rank, percentile or mean over all trading symbols of the quote asset."""
    return _node("cross", function, (operand,), single=False)


def pick(symbol: str, operand: Node) -> Node:
    """Return the row of one symbol."""
    return _node("pick", symbol, (operand,), condition=operand.condition, single=True)


def align(timeframe: str, operand: Node) -> Node:
    """Return, on candles of `timeframe`, the operand's value on its last candle closed by then."""
    return _node("align", None, (operand,), condition=operand.condition, timeframe=timeframe)


def remade(node: Node, inputs: tuple[Node, ...]) -> Node:
    """Return a term that differs in its inputs alone."""
    return _node(node.kind, node.value, inputs, condition=node.condition, extra=node.extra)


def reachable(roots: Iterable[Node]) -> list[Node]:
    """Return all nodes under the roots, inputs before what reads them."""
    found = set(roots)
    stack = list(found)
    while stack:
        for node in stack.pop().inputs:
            if node not in found:
                found.add(node)
                stack.append(node)
    return sorted(found, key=_serial)


def _serial(node: Node) -> int:
    return node.serial
