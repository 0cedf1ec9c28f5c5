"""`candlewatch bootstrap`: make a plain Postgres ready for the migrations."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Final

from candlewatch.cli.database_url import add_option, connect_to
from candlewatch.local import bootstrap

if TYPE_CHECKING:
    import argparse

_PASSWORDS: Final = {role: f"CANDLEWATCH_{role.upper()}_PASSWORD" for role in bootstrap.LOGIN_ROLES}


def add_to(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command."""
    parser = subparsers.add_parser(
        "bootstrap",
        help="make a plain Postgres ready for the migrations; a Supabase project is",
        description="Makes roles, schemas and extensions that the migrations may not make; what is "
        "there stays. The roles that log in get the passwords in "
        f"{' and '.join(_PASSWORDS.values())}, where these are set.",
    )
    add_option(parser, "a superuser")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Make what is missing and say so."""
    given = {role: os.environ.get(name, "") for role, name in _PASSWORDS.items()}
    with connect_to(arguments) as superuser:
        bootstrap.prepare_plain(superuser, {role: word for role, word in given.items() if word})
    print("ready for `candlewatch migrate`")
    return 0
