"""Compute an indicator for all symbols, so that live and replay agree to the bit.

Rolling sums and recursions depend on where they start. So every value comes from a calculation
whose start depends on the candle's number alone, never on how much history happens to be loaded:

1. Candles are counted from the epoch and cut into blocks; `_pieces` says which blocks are needed.
2. A block's values come from one call on the candles from `seed` before the block to its end.
   TA-Lib never looks ahead, so cutting the slice at the present candle changes nothing.
3. Rows without a gap go to TA-Lib as they are (`_whole_rows`).
4. In a row with gaps the series begins at the first candle of the slice at which all inputs are
   known; a gap after it is filled (`_filled`), or RSI and OBV would be wrong without a sign, and
   the gap's own candle is unknown in the result (`_broken_rows`).
5. What is not finite is unknown.

Arrays have the shape (symbols, candles), oldest candle first; NaN means "not known".
"""

from __future__ import annotations

from itertools import repeat
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from candlewatch.indicators.indicator import Bound

Array = NDArray[np.float64]

_FEW: Final = 2
"""So few candles, the live case, are read one by one: quicker than an array for each."""


def compute(
    bound: Bound,
    inputs: Sequence[Array],
    first: int,
    need: int,
) -> tuple[Array, ...]:
    """Compute the newest `need` candles of every output.

    Args:
        bound: the indicator with its arguments.
        inputs: one float64 array (symbols, candles) per input, left unchanged. NaN: not known.
        first: number of the first candle of the inputs, counted from the epoch.
        need: how many of the newest candles are wanted, at most as many as the inputs have.

    Returns:
        One array (symbols, need) per output; NaN: not known. Conditions are 1.0 and 0.0.

    Raises:
        ValueError: the inputs do not fit the indicator, each other, or `need`.
    """
    symbols, candles = _checked_shape(bound, inputs, need)
    wanted = first + candles - need
    outputs = np.full((len(bound.outputs), symbols, need), np.nan)
    for begin, low, high in _pieces(bound, first, wanted, first + candles - 1):
        if high - begin < bound.warm_up:
            continue
        window = slice(begin - first, high - first + 1)
        slices = [values[:, window] for values in inputs]
        known = np.isfinite(np.add.reduce([values.sum(axis=1) for values in slices]))
        target = outputs[:, :, low - wanted : high - wanted + 1]
        keep = low - begin
        if known.all():
            target[:] = _whole_rows(bound, slices, keep)
            continue
        if known.any():
            target[:, known] = _whole_rows(bound, [values[known] for values in slices], keep)
        broken = ~known
        target[:, broken] = _broken_rows(bound, [values[broken] for values in slices], keep)
    outputs[~np.isfinite(outputs)] = np.nan
    return tuple(outputs)


def _checked_shape(bound: Bound, inputs: Sequence[Array], need: int) -> tuple[int, int]:
    expected = len(bound.indicator.inputs)
    if len(inputs) != expected:
        raise ValueError(f"{bound.indicator.name} takes {expected} inputs, got {len(inputs)}")
    shapes = {values.shape for values in inputs}
    if len(shapes) != 1:
        raise ValueError(f"inputs must have one shape, got {sorted(shapes)}")
    symbols, candles = inputs[0].shape
    if not 0 <= need <= candles:
        raise ValueError(f"need must be from 0 to the {candles} candles given, got {need}")
    return symbols, candles


def _pieces(bound: Bound, first: int, wanted: int, last: int) -> Iterator[tuple[int, int, int]]:
    """Yield (first candle of the slice, first and last candle wanted of it) for each block.

    A running total counts from one candle in all its values, or its level would jump where a block
    begins: so it is one piece that starts where the newest candle's block says.
    """
    if wanted > last:
        return
    if bound.anchored:
        begin = max(bound.start(last), first)
        yield begin, max(begin, wanted), last
        return
    for number in range(wanted // bound.block, last // bound.block + 1):
        low = number * bound.block
        high = min(low + bound.block - 1, last)
        yield max(low - bound.seed, first), max(low, wanted), high


def _whole_rows(bound: Bound, slices: Sequence[Array], keep: int) -> Array:
    """Return (outputs, symbols, candles from `keep` on) of rows in which all is known."""
    symbols, candles = slices[0].shape
    indicator, arguments = bound.indicator, bound.arguments
    shape = (symbols, len(indicator.outputs), candles - keep)
    answers = map(indicator.call, *slices, *(repeat(argument) for argument in arguments))
    if indicator.kind == "condition":
        patterns = np.array([answer[keep:] for answer in answers])
        values = np.array([patterns != 0, patterns > 0, patterns < 0], dtype=np.float64)
    elif len(indicator.outputs) == 1:
        values = np.concatenate([answer[keep:] for answer in answers], dtype=np.float64)
        values = values.reshape(1, symbols, candles - keep)
    elif candles - keep <= _FEW:
        places = range(keep, candles)
        few = [part.item(place) for answer in answers for part in answer for place in places]
        values = np.array(few, dtype=np.float64).reshape(shape).transpose(1, 0, 2)
    else:
        values = np.empty(shape)
        for target, answer in zip(values, answers, strict=True):
            for place, part in enumerate(answer):
                target[place] = part[keep:]
        values = values.transpose(1, 0, 2)
    if indicator.blank is not None:
        values[values == indicator.blank] = np.nan
    if keep < bound.warm_up:
        values[:, :, : bound.warm_up - keep] = np.nan
    return values


def _broken_rows(bound: Bound, slices: Sequence[Array], keep: int) -> Array:
    """Return the same as `_whole_rows`, of rows in which something is unknown."""
    symbols, candles = slices[0].shape
    known = np.logical_and.reduce([np.isfinite(values) for values in slices])
    result = np.full((len(bound.outputs), symbols, candles - keep), np.nan)
    for symbol in np.flatnonzero(known.any(axis=1)):
        begin = int(known[symbol].argmax())
        if candles - begin <= bound.warm_up:
            continue
        rows = _filled(bound, [values[symbol, begin:] for values in slices])
        low = max(keep - begin, 0)
        result[:, symbol, begin + low - keep :] = _whole_rows(bound, rows, low)[:, 0]
    result[:, ~known[:, keep:]] = np.nan
    return result


def _filled(bound: Bound, rows: Sequence[Array]) -> list[Array]:
    """Return rows, each of one symbol whose first candle is known, with all gaps filled.

    A volume is zero in a gap; a price is the close before, where the close is an input; anything
    else is its own value before.
    """
    names = bound.indicator.inputs
    close = _carried(rows[names.index("close")]) if "close" in names else None
    filled = []
    for name, row in zip(names, rows, strict=True):
        if name == "volume":
            full = np.where(np.isfinite(row), row, 0.0)
        elif close is not None and name in ("open", "high", "low"):
            full = np.where(np.isfinite(row), row, np.concatenate((close[:1], close[:-1])))
        else:
            full = _carried(row)
        filled.append(full[np.newaxis])
    return filled


def _carried(row: Array) -> Array:
    """Return a row with its last known value in place of each unknown one."""
    places = np.where(np.isfinite(row), np.arange(row.size), 0)
    carried: Array = row[np.maximum.accumulate(places)]
    return carried
