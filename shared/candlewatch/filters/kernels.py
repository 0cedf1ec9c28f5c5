"""What the terms of the graph compute, on arrays of any shape that broadcast.

The same functions serve the newest candle of thousands of filters (rows of symbols) and the whole
history of one (symbols, candles), so that both agree to the bit. NaN means "not known"; what is not
finite becomes NaN. A condition is a pair: where it is true, where it is false; neither: unknown.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import talib
from numpy.typing import NDArray

if TYPE_CHECKING:
    from collections.abc import Callable

Array = NDArray[np.float64]
Bits = NDArray[Any]
Truth = tuple[Bits, Bits]
Operand = Array | float

_ARITHMETIC: Final[dict[str, Any]] = {
    "+": np.add, "-": np.subtract, "*": np.multiply, "/": np.divide,
    "//": np.floor_divide, "%": np.remainder, "min": np.minimum, "max": np.maximum,
}  # fmt: skip
_NUMPY: Final[dict[str, Any]] = {
    "negative": np.negative, "abs": np.abs, "sqrt": np.sqrt, "floor": np.floor, "ceil": np.ceil,
}  # fmt: skip
_TALIB: Final[dict[str, Callable[[Array], Array]]] = {
    # NumPy's own versions are vectorised and differ in the last bit from machine to machine.
    "exp": talib.EXP, "ln": talib.LN, "log10": talib.LOG10, "sin": talib.SIN, "cos": talib.COS,
    "tan": talib.TAN, "asin": talib.ASIN, "acos": talib.ACOS, "atan": talib.ATAN,
    "sinh": talib.SINH, "cosh": talib.COSH, "tanh": talib.TANH,
}  # fmt: skip


def arithmetic(operator: str, left: Operand, right: Operand, out: Array | None = None) -> Array:
    """Return `left operator right`, in `out` where that is given."""
    with np.errstate(all="ignore"):
        result: Array = _ARITHMETIC[operator](left, right, out=out)
    return finite(result)


def finite(values: Array) -> Array:
    """Make what is not finite NaN, in place, and return it."""
    infinite = np.isinf(values)
    if infinite.any():
        values[infinite] = np.nan
    return values


def unary(function: str, values: Array) -> Array:
    """Return a function of each value."""
    with np.errstate(all="ignore"):
        if function == "one":
            return np.where(np.isnan(values), np.nan, 1.0)
        if function in _NUMPY:
            result: Array = _NUMPY[function](values)
        else:
            result = _by_talib(_TALIB[function], values)
    return finite(result)


def _by_talib(function: Callable[[Array], Array], values: Array) -> Array:
    """Call a function of rows on an array; what is not known does not reach it."""
    known = ~np.isnan(values)
    result = np.full(values.shape, np.nan)
    if known.any():
        result[known] = function(np.ascontiguousarray(values[known]))
    return result


def power(values: Array, exponent: float) -> Array:
    """Return each value raised to a constant by the C library."""
    flat = [_raised(value, exponent) for value in values.ravel().tolist()]
    return np.array(flat, dtype=np.float64).reshape(values.shape)


def _raised(value: float, exponent: float) -> float:
    try:
        result = math.pow(value, exponent)
    except (ValueError, OverflowError):
        return math.nan
    return result if math.isfinite(result) and not math.isnan(value) else math.nan


def where(condition: Truth, yes: Operand, no: Operand) -> Array:
    """Return `yes if condition else no`."""
    true, false = condition
    return np.where(true, yes, np.where(false, no, np.nan))


def choose(condition: Truth, yes: Truth, no: Truth) -> Truth:
    """Return `yes if condition else no` of conditions."""
    true, false = condition
    return (true & yes[0]) | (false & no[0]), (true & yes[1]) | (false & no[1])


def both(left: Truth, right: Truth) -> Truth:
    """Return `left and right`."""
    return left[0] & right[0], left[1] | right[1]


def less(left: Operand, right: Operand) -> Truth:
    """Return `left < right`."""
    return np.less(left, right), np.greater_equal(left, right)


def equal(left: Operand, right: Operand) -> Truth:
    """Return `left == right`."""
    same = np.equal(left, right)
    return same, ~same & ~np.isnan(left) & ~np.isnan(right)


def number_of(condition: Truth) -> Array:
    """Return 1 where true, 0 where false."""
    return np.where(condition[0], 1.0, np.where(condition[1], 0.0, np.nan))


def condition_of(values: Array) -> Truth:
    """Return the condition that numbers stand for: 0 false, NaN unknown, others true."""
    known = ~np.isnan(values)
    return known & (values != 0), known & (values == 0)
