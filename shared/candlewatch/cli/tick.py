"""`candlewatch tick`: drive the schedule by hand, or from any other clock."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from candlewatch.cli.running import find_running

if TYPE_CHECKING:
    import argparse


def add_to(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command."""
    parser = subparsers.add_parser(
        "tick", help="find due work and wake functions, once; harmless at any time"
    )
    parser.set_defaults(run=run)


def run(_: argparse.Namespace) -> int:
    """Tick and print what it counted."""
    with find_running().connect() as connection:
        row = connection.execute("select candlewatch.tick()").fetchone()
    print(json.dumps(row[0] if row else {}))
    return 0
