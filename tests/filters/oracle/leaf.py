"""Indicators: TA-Lib on the block-aligned slice of one symbol's series, and our own recursive ones.

The block of candle number n is n // L; the slice starts at block * L - S, or at the first candle
from there on where every input is known. L and S are the catalog's. Gaps inside are filled before
the call and unknown after it.
"""

from __future__ import annotations

import ast
from functools import lru_cache
from typing import TYPE_CHECKING, Final

import numpy as np
import talib
import talib.abstract
from tests.filters.oracle import own
from tests.filters.oracle.logic import Value, finite, number
from tests.filters.oracle.place import literal

from candlewatch.indicators.catalog import INDICATORS

if TYPE_CHECKING:
    from tests.filters.oracle.place import Place, Result
    from tests.filters.oracle.scope import Scope

    from candlewatch.indicators.indicator import Bound, Indicator
    from candlewatch.timeframes import Timeframe

PRICES: Final = ("open", "high", "low", "close", "volume")
Row = tuple[float | None, ...]


def indicator(place: Place, node: ast.Call) -> Result:
    """Return what an indicator gives at a point: one value, or all of its outputs."""
    oracle, scope, point = place
    entry = INDICATORS[node.func.id if isinstance(node.func, ast.Name) else ""]
    if entry.name == "vwap":
        return own.vwap(oracle, point)
    inputs, bound = binding(node, scope, entry, point.length)
    block = oracle.present(point) if entry.anchored else point.number // bound.block
    key = (id(node), id(scope), point.timeframe, point.symbol, block)
    if key not in oracle.series:
        start = block * bound.block - bound.seed
        last = oracle.tape.strips[point.timeframe].last
        numbers = range(start, min((block + 1) * bound.block - 1, last) + 1)
        columns = [column(place, series, numbers) for series in inputs]
        rows: list[Row] = list(zip(*columns, strict=True))
        oracle.series[key] = on_slice(entry, bound.arguments, rows, start)
    several = oracle.series[key].get(point.number, (None,) * len(entry.outputs))
    return several[0] if len(several) == 1 else several


def column(place: Place, node: ast.expr, numbers: range) -> list[float | None]:
    """Return a series on some candles; a plain price is read from the tape without further ado."""
    timeframe, symbol, _ = place.point
    if isinstance(node, ast.Name) and node.id in PRICES and node.id not in place.scope.names:
        strip, field = place.oracle.tape.strips[timeframe], PRICES.index(node.id)
        candles = [strip.candle(symbol, each) for each in numbers]
        return [None if candle is None else candle[field] for candle in candles]
    return [number(value) for value in place.history(node, numbers)]


@lru_cache(maxsize=4096)
def binding(
    node: ast.Call, scope: Scope, entry: Indicator, length: Timeframe
) -> tuple[list[ast.expr], Bound]:
    """Part a call's arguments, and get its blocks from the catalog; remembered."""
    inputs, arguments = split(node, scope, entry)
    return inputs, entry.bind(arguments, length)


def split(
    node: ast.Call, scope: Scope, entry: Indicator
) -> tuple[list[ast.expr], tuple[float, ...]]:
    """Part the arguments into input expressions and parameters; inputs left out are the prices."""
    inputs = [each for each in node.args if literal(each, scope) is None]
    constants = [literal(each, scope) for each in node.args[len(inputs) :]]
    arguments = [parameter.default for parameter in entry.parameters]
    for place, constant in enumerate(constants):
        if constant is not None:
            arguments[place] = constant
    for keyword in node.keywords:
        constant = literal(keyword.value, scope)
        place_of = {each.name: place for place, each in enumerate(entry.parameters)}
        if constant is not None and keyword.arg is not None:
            arguments[place_of[keyword.arg]] = constant
    if not inputs:
        names = [name if name in PRICES else "close" for name in entry.inputs]
        inputs = [oracle_price(name) for name in names]
    return inputs, tuple(arguments)


@lru_cache
def oracle_price(name: str) -> ast.expr:
    """Return the expression that reads a price, always the same one."""
    return ast.Name(id=name, ctx=ast.Load())


def on_slice(
    entry: Indicator, arguments: tuple[float, ...], rows: list[Row], start: int
) -> dict[int, tuple[Value, ...]]:
    """Compute one slice: the outputs by candle number, None where they are not known."""
    while rows and None in rows[0]:
        rows, start = rows[1:], start + 1
    if not rows:
        return {}
    columns = [list(column) for column in zip(*fill(entry.inputs, rows), strict=True)]
    if entry.name == "supertrend":
        outputs = own.supertrend(columns, arguments)
    else:
        outputs = ta(entry.name, columns, arguments)
    answers: dict[int, tuple[Value, ...]] = {}
    for index, row in enumerate(rows):
        values: tuple[Value, ...] = tuple(output[index] for output in outputs)
        if entry.kind == "condition":
            values = _found_bullish_bearish(outputs[0][index])
        answers[start + index] = (None,) * len(values) if None in row else values
    return answers


def _found_bullish_bearish(pattern: float | None) -> tuple[Value, ...]:
    if pattern is None:
        return (None, None, None)
    return (pattern != 0.0, pattern > 0.0, pattern < 0.0)


def fill(roles: tuple[str, ...], rows: list[Row]) -> list[tuple[float, ...]]:
    """Fill gaps: volume 0, prices the close before, anything else its own value before."""
    filled: list[tuple[float, ...]] = []
    for row in rows:
        if None not in row:
            filled.append(tuple(value for value in row if value is not None))
            continue
        before = dict(zip(roles, filled[-1], strict=True))
        after = []
        for role, value in zip(roles, row, strict=True):
            if value is not None:
                after.append(value)
            elif role == "volume":
                after.append(0.0)
            elif role in PRICES and "close" in before:
                after.append(before["close"])
            else:
                after.append(before[role])
        filled.append(tuple(after))
    return filled


def ta(
    name: str, columns: list[list[float]], arguments: tuple[float, ...]
) -> list[list[float | None]]:
    """Call TA-Lib; what lies before its lookback, and what is not finite, is not known."""
    function = getattr(talib.abstract, name.upper())
    defaults = function.info["parameters"]
    typed = [
        int(value) if isinstance(default, int) else float(value)
        for value, default in zip(arguments, defaults.values(), strict=False)
    ]
    function.parameters = dict(zip(defaults, typed, strict=False))
    lookback = function.lookback
    arrays = [np.array(column, dtype=np.float64) for column in columns]
    results = getattr(talib, name.upper())(*arrays, *typed)
    if not isinstance(results, tuple):
        results = (results,)
    return [
        [
            None if index < lookback else finite(float(value))
            for index, value in enumerate(result.tolist())
        ]
        for result in results
    ]
