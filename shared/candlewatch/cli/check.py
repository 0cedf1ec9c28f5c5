"""`candlewatch check FILE`: what a filter needs, or every problem with its place."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING

from candlewatch.cli.candle_files import REFUSED, add_filter, compiled_or_none, read_source
from candlewatch.errors import FilterRefused
from candlewatch.filters import compile_filter
from candlewatch.timeframes import timeframe_named

if TYPE_CHECKING:
    import argparse

    from candlewatch.filters import Filter


def add_to(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command."""
    parser = subparsers.add_parser("check", help="what a filter needs, or what is wrong with it")
    add_filter(parser)
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Print what the filter needs; exit code 2 where it is refused."""
    if arguments.json:
        return _run_json(arguments)
    compiled = compiled_or_none(arguments)
    if compiled is None:
        return REFUSED
    print(describe(compiled))
    return 0


def describe(compiled: Filter) -> str:
    """Return what a filter needs, a line each."""
    candles = ", ".join(f"{count:,} of {name}" for name, count in compiled.needs.items())
    bounds = [
        f"{bound.indicator.name}({', '.join(f'{value:g}' for value in bound.arguments)})"
        for bound in compiled.indicators
    ]
    lines = [
        f"candles     {candles}",
        f"lookback    {compiled.lookback:,}",
        f"cost        {compiled.cost:g} (1 = a pass of a moving average)",
        f"indicators  {', '.join(sorted(set(bounds))) or 'none'}",
    ]
    if compiled.symbols:
        lines.append(f"symbols     {', '.join(compiled.symbols)}")
    if compiled.names:
        lines.append(f"names       {', '.join(compiled.names)}")
    return "\n".join(lines)


def _run_json(arguments: argparse.Namespace) -> int:
    timeframe = timeframe_named(arguments.timeframe)
    try:
        compiled = compile_filter(read_source(arguments.file), timeframe)
    except FilterRefused as refusal:
        problems = [asdict(problem) for problem in refusal.problems]
        print(json.dumps({"ok": False, "problems": problems}))
        return REFUSED
    needed = {
        "ok": True,
        "needs": compiled.needs,
        "lookback": compiled.lookback,
        "cost": compiled.cost,
        "symbols": compiled.symbols,
        "names": compiled.names,
    }
    print(json.dumps(needed))
    return 0
