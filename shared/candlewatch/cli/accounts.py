"""Which account `import` and `compare` speak of, and what opens it.

The environment says where: `SUPABASE_URL` with `SUPABASE_PUBLISHABLE_KEY` and the user's
`CANDLEWATCH_TOKEN`, or with `SUPABASE_SECRET_KEY` and `--account` for the operator. What is missing
is taken from the stack that runs here.
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, Final

from candlewatch.cli.running import find_running
from candlewatch.errors import SetupError
from candlewatch.moving.account import open_account
from candlewatch.moving.records import heading_of

if TYPE_CHECKING:
    import argparse
    from contextlib import AbstractContextManager

    from candlewatch.moving.account import Account
    from candlewatch.moving.records import Refusal

REFUSED: Final = 2
"""Exit code where something of the file is refused."""

_UUID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def add_account(parser: argparse.ArgumentParser) -> None:
    """Add what every command about a file of another system takes."""
    parser.add_argument("file", type=Path, help="a .csv file with headings, or a .json file")
    parser.add_argument(
        "--account", default="", help="the account's id, for the operator with the secret key"
    )
    parser.add_argument(
        "--ignore", default="", metavar="A,B", help="columns of the file that are passed over"
    )


def ignored_of(arguments: argparse.Namespace) -> set[str]:
    """Return the headings that are passed over."""
    return {heading_of(word) for word in arguments.ignore.split(",") if word.strip()}


def account_of(arguments: argparse.Namespace) -> AbstractContextManager[Account]:
    """Open the account that the arguments and the environment name.

    Raises:
        SetupError: something is missing; the message says which variable.
    """
    account = arguments.account.lower()
    if account and not _UUID.fullmatch(account):
        raise SetupError(f"--account is an account's id (a UUID), got {arguments.account!r}")
    if account:
        key = _told("SUPABASE_SECRET_KEY", "it opens the account for the operator")
        return open_account(_told("SUPABASE_URL"), key, key, account)
    token = os.environ.get("CANDLEWATCH_TOKEN", "")
    if not token:
        raise SetupError(
            "whose account? Set CANDLEWATCH_TOKEN to the user's token, or as the operator give "
            "--account with its id"
        )
    return open_account(_told("SUPABASE_URL"), _told("SUPABASE_PUBLISHABLE_KEY"), token)


def sentences(refusals: list[Refusal]) -> str:
    """Return what is refused, a line each."""
    return "\n".join(f"refused    {refusal}" for refusal in refusals)


def _told(name: str, purpose: str = "it says where the API is") -> str:
    if value := os.environ.get(name):
        return value
    if os.environ.get("SUPABASE_URL"):
        raise SetupError(f"{name} is not set: {purpose}; copy it from the project's settings")
    running = find_running()
    return {
        "SUPABASE_URL": running.state.url,
        "SUPABASE_PUBLISHABLE_KEY": running.credentials.publishable_key,
        "SUPABASE_SECRET_KEY": running.credentials.secret_key,
    }[name]
