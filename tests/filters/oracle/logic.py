"""Values of the oracle: a float, a bool, or None for "not known"; and what operators do to them.

Everything here takes one value of one symbol on one candle. What is not finite is not known.
"""

from __future__ import annotations

import math
import operator as python
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

Value = float | bool | None
STEPS: dict[str, Callable[[float, float], float]] = {
    "+": python.add,
    "-": python.sub,
    "*": python.mul,
    "/": python.truediv,
    "//": python.floordiv,
    "%": python.mod,
}
COMPARISONS: dict[str, Callable[[float, float], bool]] = {
    "<": python.lt,
    "<=": python.le,
    ">": python.gt,
    ">=": python.ge,
    "==": python.eq,
    "!=": python.ne,
}


def finite(value: float) -> float | None:
    """Return the value, or None where it is NaN or infinite."""
    return value if math.isfinite(value) else None


def number(value: Value) -> float | None:
    """Take a value that must be a number; a condition here is a fault of the oracle."""
    if isinstance(value, bool):
        raise TypeError(f"a number is needed, got the condition {value}")
    return value


def condition(value: Value) -> bool | None:
    """Take a value that must be a condition; a number here is a fault of the oracle."""
    if value is None or isinstance(value, bool):
        return value
    raise TypeError(f"a condition is needed, got the number {value}")


def calculate(operator: str, left: float | None, right: float | None) -> float | None:
    """Apply `+ - * / // %` as Python does on floats; dividing by zero is not known."""
    if left is None or right is None:
        return None
    if operator in ("/", "//", "%") and right == 0.0:
        return None
    try:
        return finite(STEPS[operator](left, right))
    except OverflowError:
        return None


def power(base: float | None, exponent: float) -> float | None:
    """Raise to a constant: small integers by repeated multiplication, 0.5 by the square root."""
    if base is None:
        return None
    if exponent == 0.5:
        return finite(math.sqrt(base)) if base >= 0.0 else None
    if exponent != int(exponent) or not -8 <= exponent <= 8:
        return guarded(lambda: math.pow(base, exponent))
    result = 1.0 if exponent == 0 else base
    for _ in range(abs(int(exponent)) - 1):
        result = result * base
    if exponent < 0:
        return None if result == 0.0 else finite(1.0 / result)
    return finite(result)


def guarded(step: Callable[[], float]) -> float | None:
    """Return what a function of the C library gives; outside of its domain it is not known."""
    try:
        return finite(step())
    except (ValueError, OverflowError):
        return None


def compare(operator: str, left: float | None, right: float | None) -> bool | None:
    """Compare two numbers; not known where a side is not."""
    if left is None or right is None:
        return None
    return COMPARISONS[operator](left, right)


def both(values: Iterable[bool | None]) -> bool | None:
    """Kleene's `and` of any number of conditions."""
    seen = list(values)
    if any(value is False for value in seen):
        return False
    return None if any(value is None for value in seen) else True


def either(values: Iterable[bool | None]) -> bool | None:
    """Kleene's `or` of any number of conditions."""
    seen = list(values)
    if any(value is True for value in seen):
        return True
    return None if any(value is None for value in seen) else False


def negate(value: bool | None) -> bool | None:  # noqa: FBT001
    """Kleene's `not`."""
    return None if value is None else not value
