"""What `check`, `evaluate` and `replay` share: filter texts and candle files."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from candlewatch.errors import FilterRefused, SetupError
from candlewatch.filters import compile_filter
from candlewatch.frames.derive import derive
from candlewatch.frames.files import read_candles
from candlewatch.frames.window import Market, Universe
from candlewatch.settings import FILTER_CHARACTERS_MAX
from candlewatch.timeframes import TIMEFRAMES, timeframe_named

if TYPE_CHECKING:
    import argparse

    from candlewatch.filters import Filter
    from candlewatch.timeframes import Timeframe

REFUSED = 2
"""Exit code where a filter is refused."""


def add_filter(parser: argparse.ArgumentParser) -> None:
    """Add what every command about a filter takes."""
    parser.add_argument("file", help="the filter's text; - reads standard input")
    parser.add_argument(
        "--timeframe", default="5m", choices=tuple(TIMEFRAMES), help="candles it runs on (5m)"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object")


def add_candles(parser: argparse.ArgumentParser) -> None:
    """Add the candle file and the symbols."""
    parser.add_argument("--candles", required=True, type=Path, help="a parquet file of candles")
    parser.add_argument("--symbols", default="", help="only these, as BTCUSDT,ETHUSDT")


def read_source(file: str) -> str:
    """Return a filter's text.

    Raises:
        SetupError: the file cannot be read, or is no text.
    """
    longest = 4 * FILTER_CHARACTERS_MAX + 1
    try:
        if file == "-":
            raw = sys.stdin.buffer.read(longest)
        else:
            with Path(file).open("rb") as opened:
                raw = opened.read(longest)
    except (OSError, ValueError) as exc:
        reason = getattr(exc, "strerror", None) or "its name is not valid"
        raise SetupError(f"the filter {file!r} cannot be read: {reason}") from exc
    return raw[: longest - 1].decode("utf-8", errors="replace")


def compiled_or_none(arguments: argparse.Namespace) -> Filter | None:
    """Return the compiled filter, or None after printing to standard error why it is refused."""
    try:
        return compile_filter(read_source(arguments.file), timeframe_named(arguments.timeframe))
    except FilterRefused as refusal:
        for problem in refusal.problems:
            print(f"{arguments.file}: {problem}", file=sys.stderr)
        return None


def market_of(path: Path, compiled: Filter) -> Market:
    """Return the candles of a file on every timeframe that a filter needs.

    All symbols of a file are compared with one another by `rank` and its like.

    Raises:
        SetupError: the file cannot be read, or its candles are longer than the filter's.
    """
    file = read_candles(path)
    windows = {}
    for name in compiled.needs:
        timeframe = TIMEFRAMES[name]
        if timeframe == file.window.timeframe:
            windows[name] = file.window
            continue
        try:
            windows[name] = derive(file.window, timeframe)
        except ValueError as exc:
            raise SetupError(
                f"{path} holds candles of {file.window.timeframe}, of which none of {timeframe}"
                " can be made: give --timeframe a length that the file has"
            ) from exc
    count = len(file.symbols)
    universe = Universe(file.symbols, np.ones(count, np.bool_), ("",) * count, np.zeros(count))
    return Market(windows, universe)


def positions_of(symbols: str, market: Market) -> list[int]:
    """Return the positions of the symbols that were asked for, all where none were.

    Raises:
        SetupError: one is not in the file.
    """
    names = market.universe.names
    if not symbols:
        return list(range(len(names)))
    asked = [symbol.strip() for symbol in symbols.split(",") if symbol.strip()]
    missing = [symbol for symbol in asked if symbol not in names]
    if missing:
        raise SetupError(f"the file has no candles of {', '.join(missing)}")
    return [names.index(symbol) for symbol in asked]


def moment_of(text: str, timeframe: Timeframe) -> int:
    """Return the number of the candle that opens at, or contains, an ISO time (UTC).

    Raises:
        SetupError: the text is no time.
    """
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as exc:
        raise SetupError(f"{text!r} is no time: write it as 2024-07-29T12:00") from exc
    return timeframe.index_of(moment if moment.tzinfo else moment.replace(tzinfo=UTC))
