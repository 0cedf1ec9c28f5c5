"""Values on a longer timeframe, of another symbol, and across all symbols."""

from __future__ import annotations

import ast
from typing import TYPE_CHECKING

from tests.filters.oracle import formulas
from tests.filters.oracle.tape import last_closed

if TYPE_CHECKING:
    from tests.filters.oracle.place import Place, Result


def at(place: Place, _name: str, arguments: list[ast.expr]) -> Result:
    """Read on a longer timeframe, as of its last candle that is closed by then."""
    point, name = place.point, _quoted(arguments[0])
    if name == point.timeframe:
        return place.value(arguments[1])
    longer = place.oracle.tape.strips[name].timeframe
    number = last_closed(point.length, point.number, longer)
    return place.moved(point._replace(timeframe=name, number=number)).value(arguments[1])


def of(place: Place, _name: str, arguments: list[ast.expr]) -> Result:
    """Read of another symbol on the same candle; one that is not listed is not known."""
    position = place.oracle.tape.position(_quoted(arguments[0]))
    if position is None:
        return None
    return place.moved(place.point._replace(symbol=position)).value(arguments[1])


def cross_section(place: Place, name: str, arguments: list[ast.expr]) -> float | None:
    """Compare with all trading symbols of the same quote asset whose value is known."""
    symbols, here = place.oracle.tape.symbols, place.point
    quote = symbols[here.symbol].quote_asset
    others = []
    for position, symbol in enumerate(symbols):
        if symbol.trading and symbol.quote_asset == quote:
            value = place.moved(here._replace(symbol=position)).number(arguments[0])
            if value is not None:
                others.append(value)
    if name == "market_mean":
        return formulas.market_mean(others)
    own = place.number(arguments[0]) if symbols[here.symbol].trading else None
    return formulas.rank(own, others) if name == "rank" else formulas.percentile(own, others)


def _quoted(node: ast.expr) -> str:
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    raise TypeError(f"a name in quotes is needed: {ast.unparse(node)}")
