"""Which database an operator's command works on: `--database-url`, or the environment."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

import psycopg

from candlewatch.errors import SetupError

if TYPE_CHECKING:
    import argparse

VARIABLE: Final = "CANDLEWATCH_DATABASE_URL"
_CONNECT_SECONDS: Final = 10


def add_option(parser: argparse.ArgumentParser, role: str) -> None:
    """Add the option; `role` says as whom the address logs in."""
    parser.add_argument(
        "--database-url",
        metavar="URL",
        help=f"the database, as {role}; better in the variable {VARIABLE}, where no other user of "
        "the machine can read the password",
    )


def connect_to(arguments: argparse.Namespace) -> psycopg.Connection:
    """Connect with autocommit; the caller closes.

    Raises:
        SetupError: no address was given, or the database does not answer there.
    """
    address = arguments.database_url or os.environ.get(VARIABLE)
    if not address:
        raise SetupError(f"say which database: `--database-url URL`, or the variable {VARIABLE}")
    try:
        # No prepared statements: a pooler may give the next transaction to another connection.
        return psycopg.connect(
            address, autocommit=True, prepare_threshold=None, connect_timeout=_CONNECT_SECONDS
        )
    except psycopg.Error as exc:
        # What it says names host, port and user, and never the password.
        said = str(exc).splitlines()[0] if str(exc) else "no answer"
        raise SetupError(f"cannot connect to the database: {said}") from exc
