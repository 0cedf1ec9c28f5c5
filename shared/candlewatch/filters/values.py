"""What an expression stands for while a filter is read, and arithmetic on constants.

A value is a Python number or bool (a constant), a `Node` (a series or a condition), `Outputs` (a
call with several results), a text (first argument of at and of), or `REFUSED`: a problem was noted,
and whatever is made of it is refused in silence, so that one mistake is reported once.
"""

from __future__ import annotations

import math
import operator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from candlewatch.filters import graph
from candlewatch.filters.graph import Node

if TYPE_CHECKING:
    from collections.abc import Callable

    from candlewatch.indicators.indicator import Bound

_WHOLE_MAX: Final = 2**53
_OPERATIONS: Final[dict[str, Callable[[Constant, Constant], Constant]]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
    "//": operator.floordiv,
    "%": operator.mod,
}
_COMPARISONS: Final[dict[str, Callable[[Constant, Constant], bool]]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "==": operator.eq,
    "!=": operator.ne,
}


class Refused:
    """Stand for a value that could not be made; the problem is already noted."""


REFUSED: Final = Refused()


@dataclass(frozen=True)
class Outputs:
    """The results of an indicator that has several.

    Attributes:
        bound: the indicator.
        inputs: what it reads.
        moved: the results in the surroundings of an `at` or `of`, where there are such.
    """

    bound: Bound
    inputs: tuple[Node, ...]
    moved: tuple[Node, ...] = ()

    def node(self, place: int) -> Node:
        """Return one result."""
        if self.moved:
            return self.moved[place]
        return graph.output(self.bound, self.inputs, place)

    @property
    def numbers(self) -> bool:
        """Whether it has several results and they are numbers."""
        return self.bound.indicator.kind == "number" and len(self.bound.outputs) > 1


Value = Node | Outputs | Refused | int | float | bool | str | tuple["Value", ...]
Constant = int | float


def is_number(value: Value) -> bool:
    """Whether the value is a constant number (True and False are conditions)."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def whole(value: Value | None) -> int | None:
    """Return a constant whole number, however it was computed (10 / 2 is one); None for others."""
    if isinstance(value, bool) or not isinstance(value, int | float) or value != int(value):
        return None
    return int(value)


def is_condition(value: Value) -> bool:
    """Whether the value is a condition."""
    return isinstance(value, bool) or (isinstance(value, Node) and value.condition)


def is_series(value: Value) -> bool:
    """Whether the value is a series of numbers."""
    return isinstance(value, Node) and not value.condition


def as_node(value: Value) -> Node:
    """Return the graph's node of a constant, a series or a condition."""
    if isinstance(value, bool):
        return graph.TRUE if value else graph.FALSE
    if isinstance(value, int | float):
        return graph.number(value)
    if isinstance(value, Outputs):
        return value.node(0)
    assert isinstance(value, Node)  # noqa: S101 (callers have told texts and tuples apart)
    return value


def describe(value: Value) -> str:
    """Name the kind of a value for a message."""
    if isinstance(value, str):
        return "a text"
    if isinstance(value, tuple):
        return "a tuple"
    if is_condition(value):
        return "a condition"
    return "a number" if is_number(value) else "a series"


def folded(sign: str, left: Constant, right: Constant) -> Constant:
    """Compute with two constants.

    Raises:
        ValueError: the result is no finite number, or a whole number that float64 cannot hold.
    """
    try:
        result = _computed(sign, left, right)
    except (ZeroDivisionError, OverflowError):
        raise ValueError(f"{left:g} {sign} {right:g} is no finite number") from None
    return _held(result, f"{left:g} {sign} {right:g}")


def _computed(sign: str, left: Constant, right: Constant) -> Constant:
    if sign == "**":
        return _raised(left, right)
    return _OPERATIONS[sign](left, right)


def _raised(number: Constant, exponent: Constant) -> Constant:
    """Raise by the rule of series: products for whole exponents from -8 to 8."""
    if exponent == 0.5:  # noqa: PLR2004 (a square root is a square root)
        return _rooted(number)
    if exponent != int(exponent) or abs(exponent) > 8:  # noqa: PLR2004 (stated above)
        try:
            return math.pow(number, exponent)
        except ValueError:
            raise OverflowError from None
    product: Constant = 1
    for _ in range(abs(int(exponent))):
        product = _held(product * number, "the power")
    return product if exponent >= 0 else 1 / product


def _rooted(number: Constant) -> float:
    if number < 0:
        raise OverflowError
    return math.sqrt(number)


def _held(result: Constant, what: str) -> Constant:
    if isinstance(result, float) and not math.isfinite(result):
        raise ValueError(f"{what} is no finite number")
    if isinstance(result, int) and abs(result) > _WHOLE_MAX:
        raise ValueError(f"{what} is beyond 2**53, the largest whole number that is exact")
    return result


def compared(sign: str, left: Constant, right: Constant) -> bool:
    """Compare two constants."""
    return _COMPARISONS[sign](left, right)
