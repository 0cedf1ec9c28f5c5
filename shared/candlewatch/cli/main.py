"""`candlewatch COMMAND`: finds the command's module and turns our errors into one sentence.

Only the module of the given command is imported, so that a command starts fast.
"""

from __future__ import annotations

import argparse
import importlib
import keyword
import os
import signal
import sys
from typing import TYPE_CHECKING, Final, Protocol, cast

from candlewatch.errors import CandlewatchError

if TYPE_CHECKING:
    from collections.abc import Sequence

COMMANDS: Final = (
    "up",
    "status",
    "reset",
    "invoke",
    "tick",
    "bootstrap",
    "migrate",
    "exchange",
    "check",
    "evaluate",
    "replay",
    "indicators",
    "import",
    "compare",
    "package",
    "deploy",
)
"""Modules of this package, in the order of the help."""

_INTERRUPTED: Final = 128 + signal.SIGINT


class Command(Protocol):
    """A module that is a command."""

    def add_to(self, subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
        """Add the command's parser, with `run` as its default `run`."""

    def run(self, arguments: argparse.Namespace) -> int:
        """Do it and return the exit code."""


def make_parser(commands: Sequence[str] = COMMANDS) -> argparse.ArgumentParser:
    """Return the parser of these commands."""
    parser = argparse.ArgumentParser(
        prog="candlewatch",
        description="Every closed candle, every trader, each signal exactly once.",
    )
    subparsers = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for name in commands:
        # A word of Python itself (import) cannot be a module's name.
        file = f"{name}_" if keyword.iskeyword(name) else name
        module = cast("Command", importlib.import_module(f"candlewatch.cli.{file}"))
        module.add_to(subparsers)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command and return its exit code: 1 for an error of ours, in one sentence."""
    given = list(sys.argv[1:] if argv is None else argv)
    commands = tuple(given[:1]) if given and given[0] in COMMANDS else COMMANDS
    arguments = make_parser(commands).parse_args(given)
    try:
        return int(arguments.run(arguments))
    except CandlewatchError as exc:
        print(f"candlewatch: {exc}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return _INTERRUPTED
    except BrokenPipeError:
        # The reader went away (`candlewatch status | head`): what is left to print goes nowhere.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1


if __name__ == "__main__":
    sys.exit(main())
