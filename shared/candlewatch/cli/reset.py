"""`candlewatch reset`: delete the data and the secrets, and start over."""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING

from candlewatch.local.ground import forget_server_folder
from candlewatch.local.home import find_home

if TYPE_CHECKING:
    import argparse


def add_to(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command."""
    parser = subparsers.add_parser("reset", help="delete the local data and start over")
    parser.set_defaults(run=run)


def run(_: argparse.Namespace) -> int:
    """Delete everything that `up` made; refuse while it runs."""
    home = find_home()
    if not home.folder.exists():
        print("there was nothing to delete")
        return 0
    with home.locked():
        forget_server_folder(home.postgres)
        shutil.rmtree(home.folder)
    print(f"deleted {home.folder}; the next `candlewatch up` starts from nothing")
    return 0
