"""`candlewatch indicators [NAME]`: the words of the filter language, from the catalog."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from candlewatch.filters import words
from candlewatch.indicators.catalog import INDICATORS
from candlewatch.indicators.reference import entry, signature

if TYPE_CHECKING:
    import argparse


_UNKNOWN = 2


def add_to(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command."""
    parser = subparsers.add_parser("indicators", help="what a filter can compute")
    parser.add_argument("name", nargs="?", default="", help="one function, in full")
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Print the catalog, or one row of it in full."""
    if not arguments.name:
        print(catalog())
        return 0
    name = arguments.name
    if name in words.OWN_FUNCTIONS:
        form, meaning = words.OWN_FUNCTIONS[name]
        print(f"{form}\n  {meaning}")
        return 0
    if name in INDICATORS:
        print(entry(INDICATORS[name]), end="")
        return 0
    hint = words.nearest(name, (*words.OWN_FUNCTIONS, *INDICATORS))
    print(f"there is no function {name}" + (f" ({hint})" if hint else ""), file=sys.stderr)
    return _UNKNOWN


def catalog() -> str:
    """Return all functions, a line each, by group."""
    groups: dict[str, list[tuple[str, str]]] = {"functions of the language": []}
    groups["functions of the language"] = list(words.OWN_FUNCTIONS.values())
    for indicator in INDICATORS.values():
        if indicator.name not in words.OWN_FUNCTIONS:
            groups.setdefault(indicator.group, []).append((signature(indicator), indicator.meaning))
    lines: list[str] = []
    for group, rows in groups.items():
        lines.extend(("", group))
        lines.extend(f"  {form:<44} {meaning}" for form, meaning in rows)
    return "\n".join(lines[1:])
