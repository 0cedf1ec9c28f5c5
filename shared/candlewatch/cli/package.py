"""`candlewatch package`: the zip files of the functions, from the lock file's pins alone."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

from candlewatch.deployment.bundles import BUNDLES, Bundle, make_bundle
from candlewatch.deployment.target import ARCHITECTURES, PYTHONS, Target
from candlewatch.local.home import find_home

if TYPE_CHECKING:
    import argparse

UNPACKED_WISHED: Final = 100_000_000
"""Bytes of an unpacked bundle that we want to stay under; Lambda itself refuses over 250 MiB."""


def add_to(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command."""
    parser = subparsers.add_parser("package", help="make the zip files that AWS Lambda runs")
    parser.add_argument(
        "--architecture", choices=[*ARCHITECTURES, "all"], default="all", help="the processor"
    )
    parser.add_argument(
        "--python", choices=PYTHONS, default=PYTHONS[0], help=f"runtime, {PYTHONS[0]} by default"
    )
    parser.add_argument(
        "--to", type=Path, default=Path("dist/lambda"), help="folder, dist/lambda by default"
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Make the bundles and print their sizes."""
    chosen = arguments.architecture
    project = find_home().project
    for architecture in ARCHITECTURES if chosen == "all" else [chosen]:
        target = Target(architecture, arguments.python)
        for name in BUNDLES:
            bundle = make_bundle(project, name, target, arguments.to / architecture)
            print(describe(bundle, architecture), flush=True)
        for line in notes_on(target):
            print(line)
    return 0


def describe(bundle: Bundle, architecture: str) -> str:
    """Return a bundle's line: processor, name, sizes and the beginning of its hash."""
    note = "" if bundle.unpacked < UNPACKED_WISHED else "  more than 100 MB unpacked"
    return (
        f"{architecture:<8} {bundle.name:<7} {bundle.size / 1e6:6.1f} MB zipped "
        f"{bundle.unpacked / 1e6:6.1f} MB unpacked  {bundle.digest[:12]}{note}"
    )


def notes_on(target: Target) -> list[str]:
    """Return what people should know of a target's bundles: a line where they are not compiled."""
    python = f"run this with Python {target.python} for cold starts that take a third of the time"
    return [] if target.is_ours else [f"not compiled: {python}"]
