"""`candlewatch migrate`: bring a database to the newest migration, while the system works."""

from __future__ import annotations

from typing import TYPE_CHECKING

from candlewatch.cli.database_url import add_option, connect_to
from candlewatch.local import migrations
from candlewatch.local.home import find_home
from candlewatch.wording import counted

if TYPE_CHECKING:
    import argparse


def add_to(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command."""
    parser = subparsers.add_parser(
        "migrate", help="bring a database to the newest migration, also while it works"
    )
    add_option(parser, "postgres")
    parser.add_argument(
        "--patience",
        type=float,
        default=migrations.PATIENCE_SECONDS,
        metavar="SECONDS",
        help="how long each migration is tried again while others hold its locks "
        f"(default {migrations.PATIENCE_SECONDS:g})",
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Apply what is missing and say so."""
    folder = find_home().project / "supabase" / "migrations"
    with connect_to(arguments) as postgres:
        applied = migrations.apply_migrations(postgres, folder, arguments.patience, print)
    newest = migrations.migrations_in(folder)[-1].file.name
    print(f"{counted(len(applied), 'migration')} applied" if applied else f"up to date: {newest}")
    return 0
