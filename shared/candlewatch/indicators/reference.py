"""The reference for authors, made from the catalog: `reference()` is the text of the document."""

from __future__ import annotations

from itertools import groupby
from typing import TYPE_CHECKING, Final

from candlewatch.indicators.catalog import INDICATORS, LEFT_OUT
from candlewatch.timeframes import TIMEFRAMES
from candlewatch.wording import counted

if TYPE_CHECKING:
    from collections.abc import Iterator

    from candlewatch.indicators.indicator import Indicator
    from candlewatch.indicators.parameter import Parameter

_OPENING: Final = """# Indicators

Generated from the catalog by `candlewatch indicators`; do not edit.

How to read it:

- `rsi(close, 14)`: inputs first, then parameters, in TA-Lib's order. Inputs may be left out: a
  price or the volume is then the candle's own, and `real` is the close. `real0` and `real1` have
  to be given. Parameters may be left out, or named (`period=14`).
- A result with several outputs: `macd(close).hist`; the call alone stands for the first output.
- *Warm-up*: candles that pass before the first known value; until then the value is unknown.
- *Settling*: candles until the choice of the first candle weighs less than 1e-9. At most 512 are
  given to it (or the warm-up, where that is longer).
- A calculation begins at a candle that depends on the candle's number alone (*seed* candles before
  its block of *block* candles, counted from 1970), so that live, replay and every length of loaded
  history agree to the bit.
- A missing candle is filled for the calculation: open, high and low with the close before, where
  the close is an input; volume with zero; anything else with its own last value. The result is
  unknown on the missing candle itself.
- What is not finite is unknown. Everything else is TA-Lib's own value. Where prices do not move
  that is a convention: `rsi`, `cmo`, `cci`, `stoch`, `stochrsi`, `willr`, `mfi`, `adx` and `tsi`
  are 0, `er` is 1.
- Running totals (`obv`, `ad`, `wad`, `pvt`, `nvi`, `pvi`) count from a candle at least 1,024
  candles back, the same for all values of one evaluation. Compare such a total with its own past
  or average, not with a number.
- *Cost* is relative: 1.0 is a simple moving average over 500 candles.
"""


def reference() -> str:
    """Return the reference of all indicators as Markdown."""
    parts = [_OPENING]
    for group, rows in groupby(INDICATORS.values(), key=lambda indicator: indicator.group):
        parts.append(f"\n## {group.capitalize()}\n")
        parts += ["\n" + entry(indicator) for indicator in rows]
    parts.append("\n## Left out of TA-Lib\n\n")
    reasons: dict[str, list[str]] = {}
    for name, reason in LEFT_OUT.items():
        reasons.setdefault(reason, []).append(f"`{name}`")
    parts += [f"- {', '.join(names)}: {reason}.\n" for reason, names in reasons.items()]
    return "".join(parts)


def signature(indicator: Indicator) -> str:
    """Return how an indicator is called: inputs, then parameters with their defaults."""
    parameters = [f"{parameter.name}={parameter.default:g}" for parameter in indicator.parameters]
    return f"{indicator.name}({', '.join((*indicator.inputs, *parameters))})"


def entry(indicator: Indicator) -> str:
    """Return the reference of one indicator as Markdown."""
    return "\n".join(_lines(indicator)) + "\n"


def _lines(indicator: Indicator) -> Iterator[str]:
    yield f"### {indicator.name}"
    yield ""
    yield f"`{signature(indicator)}`"
    yield ""
    yield indicator.meaning
    yield ""
    for parameter in indicator.parameters:
        yield f"- `{parameter.name}`: {parameter.meaning}; {_range(parameter)}"
    if len(indicator.outputs) > 1:
        yield f"- Outputs: {', '.join(f'`.{name}`' for name in indicator.outputs)}"
    if indicator.kind == "condition":
        yield "- Kind: condition"
    yield from _lengths(indicator)
    yield f"- Source: {indicator.source}"


def _range(parameter: Parameter) -> str:
    alias = f" (`{parameter.alias}`)" if parameter.alias != parameter.name else ""
    if parameter.choices:
        return ", ".join(f"{name} {number}" for name, number in parameter.choices) + alias
    return f"{parameter.low:,g} to {parameter.high:,g}{alias}"


def _lengths(indicator: Indicator) -> Iterator[str]:
    bound = indicator.bind(timeframe=TIMEFRAMES["5m"])
    rule = f" ({indicator.warm_up.text})" if indicator.parameters else ""
    yield f"- Warm-up: {counted(bound.warm_up, 'candle')}{rule}"
    if indicator.settling:
        yield f"- Settling: {bound.settle:,} candles ({indicator.settling.text})"
    if indicator.session:
        yield "- Begins anew with each UTC day; timeframes shorter than 1d only"
    else:
        yield f"- Seed and block: {bound.seed} and {bound.block} candles; cost {bound.cost:.1f}"
