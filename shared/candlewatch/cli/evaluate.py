"""`candlewatch evaluate FILE --candles FILE.parquet`: the matches on one candle, with values."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np

from candlewatch.cli.candle_files import (
    REFUSED,
    add_candles,
    add_filter,
    compiled_or_none,
    market_of,
    moment_of,
    positions_of,
)
from candlewatch.errors import SetupError
from candlewatch.filters import Plan, explain
from candlewatch.wording import counted

if TYPE_CHECKING:
    import argparse

    from candlewatch.filters import Filter
    from candlewatch.frames.window import Market

_EXPLAINED_CANDLES = 100


def add_to(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command."""
    parser = subparsers.add_parser("evaluate", help="the matches of a filter on one candle")
    add_filter(parser)
    add_candles(parser)
    parser.add_argument("--at", default="", help="open time of the candle, UTC (the newest)")
    parser.add_argument(
        "--explain", action="store_true", help="say how often each part of the condition held"
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Print the matches; exit code 2 where the filter is refused."""
    compiled = compiled_or_none(arguments)
    if compiled is None:
        return REFUSED
    market = market_of(arguments.candles, compiled)
    window = market.windows[compiled.timeframe.name]
    number = moment_of(arguments.at, compiled.timeframe) if arguments.at else window.last
    if not window.first <= number <= window.last:
        span = f"{compiled.timeframe.open_of(window.first):%Y-%m-%dT%H:%M} to "
        span += f"{compiled.timeframe.open_of(window.last):%Y-%m-%dT%H:%M}"
        raise SetupError(f"the file has no candle at {arguments.at}: it reaches from {span}")
    positions = positions_of(arguments.symbols, market)
    answer = matches(compiled, market, number, positions)
    if arguments.json:
        print(json.dumps(answer))
    else:
        _print(answer)
    if arguments.explain:
        _print_parts(compiled, market, number, positions)
    return 0


def matches(compiled: Filter, market: Market, number: int, positions: list[int]) -> dict[str, Any]:
    """Return the matches of a filter on one candle, with their values, and the unknown symbols."""
    plan = Plan(compiled.timeframe)
    plan.extend({0: compiled})
    evaluation = plan.evaluate(market, number, [0])
    true, unknown = evaluation.true(0), evaluation.unknown(0)
    names = market.universe.names
    found = [place for place in positions if true[place]]
    values = evaluation.values(0, found)
    return {
        "candle_at": compiled.timeframe.open_of(number).isoformat(),
        "matches": [{"symbol": names[place], "values": values[place]} for place in found],
        "unknown": [names[place] for place in positions if unknown[place]],
    }


def _print(answer: dict[str, Any]) -> None:
    print(f"candle {answer['candle_at']}: {counted(len(answer['matches']), 'match')},", end=" ")
    print(f"{counted(len(answer['unknown']), 'symbol')} unknown")
    for match in answer["matches"]:
        values = ", ".join(f"{name} = {_shown(value)}" for name, value in match["values"].items())
        print(f"  {match['symbol']:<12} {values}")


def _shown(value: float | bool | None) -> str:  # noqa: FBT001 (a value, no switch)
    if isinstance(value, bool) or value is None:
        return {True: "true", False: "false", None: "unknown"}[value]
    return f"{value:.6g}"


def _print_parts(compiled: Filter, market: Market, number: int, positions: list[int]) -> None:
    said = explain(compiled, market, number, _EXPLAINED_CANDLES, np.array(positions, np.intp))
    print(f"of {counted(said.candles, 'candle')} of {counted(said.symbols, 'symbol')}:")
    total = max(1, said.candles * said.symbols)
    for part in said.parts:
        shares = f"true {part.true / total:6.1%}  unknown {part.unknown / total:6.1%}"
        reasons = "; ".join(f"{reason}: {count}" for reason, count in part.reasons.items())
        print(f"  {shares}  {'  ' * part.depth}line {part.line}: {part.text}")
        if reasons:
            print(f"{' ' * 33}{'  ' * part.depth}({reasons})")
