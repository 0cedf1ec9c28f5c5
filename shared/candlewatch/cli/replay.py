"""`candlewatch replay FILE --candles FILE.parquet`: every match, and what price did after it."""

from __future__ import annotations

import json
import sys
from collections import Counter
from typing import TYPE_CHECKING, Any, Final

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
from candlewatch.filters import replay
from candlewatch.wording import counted

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable

    from numpy.typing import NDArray

    from candlewatch.filters import Filter
    from candlewatch.frames.window import Market, Window

_AHEAD: Final = (1, 4, 24)
_SHOWN: Final = 20


def add_to(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command."""
    parser = subparsers.add_parser("replay", help="every match of a filter over history")
    add_filter(parser)
    add_candles(parser)
    parser.add_argument("--from", dest="since", default="", help="first candle, UTC")
    parser.add_argument("--to", dest="until", default="", help="last candle, UTC")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Print the matches and what price did after them; exit code 2 where the filter is refused."""
    compiled = compiled_or_none(arguments)
    if compiled is None:
        return REFUSED
    market = market_of(arguments.candles, compiled)
    window = market.windows[compiled.timeframe.name]
    first, last = window.first, window.last
    if arguments.since:
        first = max(first, moment_of(arguments.since, compiled.timeframe))
    if arguments.until:
        last = min(last, moment_of(arguments.until, compiled.timeframe))
    positions = positions_of(arguments.symbols, market)
    true, unknown = _replayed(compiled, market, first, last)
    answer = report(market, window, first, positions, true, unknown)
    if arguments.json:
        print(json.dumps(answer))
    else:
        _print(answer)
    return 0


def _replayed(
    compiled: Filter, market: Market, first: int, last: int
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Replay with a progress bar on a terminal, with plain lines elsewhere."""
    total = max(0, last - first + 1)
    if not sys.stderr.isatty():
        return replay(compiled, market, first, last, _plain(total))
    from rich.console import Console  # noqa: PLC0415 (only where there is a terminal)
    from rich.progress import Progress  # noqa: PLC0415

    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("candles", total=total)
        return replay(compiled, market, first, last, lambda count: progress.advance(task, count))


def _plain(total: int) -> Callable[[int], None]:
    done = [0]

    def advance(count: int) -> None:
        done[0] += count
        print(f"replayed {done[0]:,} of {counted(total, 'candle')}", file=sys.stderr)

    return advance


def report(  # noqa: PLR0917 (what was replayed, and what came out)
    market: Market,
    window: Window,
    first: int,
    positions: list[int],
    true: NDArray[np.bool_],
    unknown: NDArray[np.bool_],
) -> dict[str, Any]:
    """Return all matches in order of time, counts, and the moves of price after them."""
    rows, names = np.array(positions, np.intp), market.universe.names
    columns, places = np.nonzero(true[rows].T)
    opens = [window.timeframe.open_of(first + int(column)).isoformat() for column in columns]
    symbols = [names[rows[place]] for place in places]
    closes = window.field("close")
    here = first + columns - window.first
    moves = {}
    for ahead in _AHEAD:
        there = here + ahead
        inside = there < window.candle_count
        before = closes[rows[places[inside]], here[inside]]
        change = 100 * (closes[rows[places[inside]], there[inside]] / before - 1)
        moves[ahead] = _summary(change[np.isfinite(change)])
    return {
        "candles": int(true.shape[1]),
        "symbols": len(positions),
        "matches": [
            {"symbol": symbol, "candle_at": at} for symbol, at in zip(symbols, opens, strict=True)
        ],
        "unknown": int(unknown[rows].sum()),
        "per_symbol": dict(Counter(symbols).most_common()),
        "per_day": dict(sorted(Counter(at[:10] for at in opens).items())),
        "after": moves,
    }


def _summary(change: NDArray[np.float64]) -> dict[str, float | int | None]:
    """Return how price moved: mean and median in percent, and the share that rose."""
    if len(change) == 0:
        return {"count": 0, "mean_pct": None, "median_pct": None, "rose_pct": None}
    return {
        "count": len(change),
        "mean_pct": round(float(change.mean()), 4),
        "median_pct": round(float(np.median(change)), 4),
        "rose_pct": round(float(100 * (change > 0).mean()), 2),
    }


def _print(answer: dict[str, Any]) -> None:
    matches = answer["matches"]
    total = answer["candles"] * answer["symbols"]
    print(f"{counted(len(matches), 'match')} in {counted(answer['candles'], 'candle')}", end=" ")
    unknown = f"{answer['unknown'] / max(1, total):.1%} unknown"
    print(f"of {counted(answer['symbols'], 'symbol')} ({unknown})")
    for match in matches[:_SHOWN]:
        print(f"  {match['candle_at'][:16]}  {match['symbol']}")
    if len(matches) > _SHOWN:
        print(f"  and {len(matches) - _SHOWN:,} more (all with --json)")
    _print_counts("by day", answer["per_day"])
    _print_counts("by symbol", dict(list(answer["per_symbol"].items())[:_SHOWN]))
    print("price after a match")
    for ahead, move in answer["after"].items():
        if move["count"]:
            print(
                f"  {counted(ahead, 'candle'):>10} later  mean {move['mean_pct']:+.3f} %"
                f"  median {move['median_pct']:+.3f} %  rose {move['rose_pct']:.0f} %"
                f"  of {move['count']:,}"
            )


def _print_counts(title: str, counts: dict[str, int]) -> None:
    if counts:
        print(title)
        for name, count in counts.items():
            print(f"  {name:<12} {count:>7,}")
