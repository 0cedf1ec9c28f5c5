"""`candlewatch compare FILE`: the signals of another system beside ours, live or in shadow."""

from __future__ import annotations

import argparse
import json
import sys
from typing import TYPE_CHECKING, Final

from candlewatch.cli.accounts import REFUSED, account_of, add_account, ignored_of, sentences
from candlewatch.errors import SetupError
from candlewatch.moving.comparing import TIMES, Traders, compare, moment_of, read_signals
from candlewatch.moving.records import read_records
from candlewatch.moving.words import UntranslatableError

if TYPE_CHECKING:
    from datetime import datetime

    from candlewatch.moving.comparing import Comparison, Signal

_SHOWN: Final = 20


def add_to(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command."""
    parser = subparsers.add_parser("compare", help="another system's signals beside ours")
    add_account(parser)
    parser.add_argument(
        "--times",
        choices=TIMES,
        default=TIMES[0],
        help="what the file's times are: open times of candles (default), or times after the close",
    )
    parser.add_argument("--since", type=_moment, help="first candle (default: the file's first)")
    parser.add_argument("--until", type=_moment, help="last candle (default: the file's last)")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Compare; exit code 1 where anything differs, 2 where a line of the file is refused."""
    records = read_records(arguments.file, "signals")
    with account_of(arguments) as account:
        account.facts()
        traders = Traders(account.traders())
        theirs, refusals = read_signals(records, traders, arguments.times, ignored_of(arguments))
        if refusals:
            print(sentences(refusals), file=sys.stderr)
            return REFUSED
        candles = [signal.candle_at for signal in theirs]
        since = arguments.since or min(candles, default=None)
        until = arguments.until or max(candles, default=None)
        if since is None or until is None:
            raise SetupError(f"{arguments.file} has no signals: say --since and --until")
        found = compare(theirs, account.signals(since, until), traders, since, until)
    print(_as_json(found) if arguments.json else "\n".join(describe(found, since, until)))
    return 0 if found.is_equal else 1


def describe(found: Comparison, since: datetime, until: datetime) -> list[str]:
    """Return the comparison as lines: the differences, oldest first, and a sum."""
    lines = []
    for word, signals in (("missing", found.missing), ("extra", found.extra)):
        lines += [f"{word:<8} {_line(signal)}" for signal in signals[:_SHOWN]]
        if len(signals) > _SHOWN:
            lines.append(f"{word:<8} and {len(signals) - _SHOWN} more: --json lists all")
    lines.append(
        f"{found.both.total()} on both sides, {len(found.missing)} missing here, "
        f"{len(found.extra)} extra here; "
        f"candles of {since:%Y-%m-%d %H:%M} to {until:%Y-%m-%d %H:%M}"
    )
    return lines


def _line(signal: Signal) -> str:
    return (
        f"{signal.candle_at:%Y-%m-%d %H:%M}  {signal.timeframe}  {signal.symbol}  {signal.trader}"
    )


def _as_json(found: Comparison) -> str:
    def rows(signals: list[Signal]) -> list[dict[str, str]]:
        return [
            {**signal._asdict(), "candle_at": signal.candle_at.isoformat()} for signal in signals
        ]

    return json.dumps(
        {
            "both": dict(found.both),
            "missing": rows(found.missing),
            "extra": rows(found.extra),
        }
    )


def _moment(text: str) -> datetime:
    try:
        return moment_of(text)
    except UntranslatableError as problem:
        raise argparse.ArgumentTypeError(str(problem)) from None
