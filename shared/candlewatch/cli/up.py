"""`candlewatch up`: start everything, show signals as they appear, stop everything.

1. The market is chosen: live where the exchange answers, else simulated; or a replayed file.
2. The stack starts with the market's clock at rest (`local/stack.py`).
3. The sample traders are added where there are none, and the market is loaded (`local/loading.py`).
4. The clock is released and the database ticks. `--once` ends after the first full cycle.
"""

from __future__ import annotations

import signal
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from candlewatch.cli.signal_rows import signals_of_close, table_of
from candlewatch.cli.watch import BackfillBar, Watcher
from candlewatch.errors import SetupError
from candlewatch.frames.files import read_candles
from candlewatch.local.home import find_home
from candlewatch.local.loading import Load
from candlewatch.local.market import (
    DEFAULT_SPEED,
    MarketChoice,
    decide_market,
    start_of_replay,
)
from candlewatch.local.options import StackOptions
from candlewatch.local.samples import add_samples
from candlewatch.local.stack import DEFAULT_PORT, Stack, running_stack
from candlewatch.wording import counted

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator
    from datetime import datetime

    import psycopg

_POLL_SECONDS: Final = 0.25
_CYCLE_SECONDS: Final = 120.0
"""A cycle of the samples takes seconds; `--once` gives up after this."""


def add_to(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command."""
    parser = subparsers.add_parser("up", help="start everything and show signals as they appear")
    parser.add_argument("--once", action="store_true", help="end after the first full cycle")
    parser.add_argument("--market", choices=("live", "simulated", "replay"), default="")
    parser.add_argument("--candles", type=Path, metavar="FILE", help="parquet file of a replay")
    parser.add_argument(
        "--speed",
        type=float,
        default=DEFAULT_SPEED,
        metavar="N",
        help=f"market seconds per second, when not live (default {DEFAULT_SPEED:g})",
    )
    parser.add_argument(
        "--port",
        type=int,
        default=0,
        metavar="N",
        help=f"port of the API (default {DEFAULT_PORT}, or any free one)",
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Run the system until it is interrupted, or for one cycle."""
    choice = MarketChoice(arguments.market, arguments.candles, arguments.speed)
    market, line = decide_market(choice)
    print(line, flush=True)
    with stopped_by_signals():
        try:
            start = None
            if market == "replay" and choice.candles is not None:
                start = start_of_replay(read_candles(choice.candles).window)
            _run(StackOptions(market, choice, arguments.port, start=start), once=arguments.once)
        except KeyboardInterrupt:
            print("stopped", flush=True)
    return 0


@contextmanager
def stopped_by_signals() -> Iterator[None]:
    """Make SIGTERM and a closed terminal end the command as Ctrl-C does."""

    def interrupt(_number: int, _frame: object) -> None:
        # Once is enough: what follows is the orderly stop, which nothing should cut short.
        for number in signals:
            signal.signal(number, signal.SIG_IGN)
        raise KeyboardInterrupt

    signals = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    before = {number: signal.signal(number, interrupt) for number in signals}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _run(options: StackOptions, *, once: bool) -> None:
    with running_stack(find_home(), options) as stack, stack.connect() as connection:
        added = add_samples(connection)
        print(f"API {stack.url} (keys: candlewatch status --env); Ctrl-C stops", flush=True)
        if added:
            print(f"added {counted(added, 'sample trader')}", flush=True)
        with BackfillBar() as bar:
            complete = Load(stack, connection, bar.show, whole=once).run()
        if not complete:
            print("the market data is slow; the history is completed in the background", flush=True)
        watcher = Watcher(connection)
        closes_at = stack.release()
        if once:
            _wait_for_cycle(stack, connection, watcher, closes_at)
        else:
            _watch(stack, watcher)


def _watch(stack: Stack, watcher: Watcher) -> None:
    while True:
        _check(stack)
        watcher.show_new()
        time.sleep(_POLL_SECONDS)


def _wait_for_cycle(
    stack: Stack, connection: psycopg.Connection, watcher: Watcher, closes_at: datetime
) -> None:
    deadline = time.monotonic() + _CYCLE_SECONDS
    while not watcher.is_complete(closes_at):
        _check(stack)
        if time.monotonic() > deadline:
            raise SetupError(
                f"the cycle of {closes_at:%Y-%m-%d %H:%M} did not end within "
                f"{_CYCLE_SECONDS:.0f} s: run without --once and look at `candlewatch status`"
            )
        time.sleep(_POLL_SECONDS)
    signals = signals_of_close(connection, closes_at)
    print(table_of(signals))
    print(f"{counted(len(signals), 'signal')} at {closes_at:%Y-%m-%d %H:%M} UTC")


def _check(stack: Stack) -> None:
    ended = stack.ended()
    if ended:
        raise SetupError(
            f"{', '.join(ended)} ended by itself: see the logs in {stack.home.logs}, "
            "then start again"
        )
