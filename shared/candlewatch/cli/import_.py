"""`candlewatch import FILE`: traders of another screener into an account, all of them or none."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from candlewatch.cli.accounts import REFUSED, account_of, add_account, ignored_of, sentences
from candlewatch.moving.importing import carry_out, plan_import
from candlewatch.moving.records import read_records
from candlewatch.moving.traders import translate_traders
from candlewatch.wording import counted

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from candlewatch.moving.importing import Step


def add_to(subparsers: argparse._SubParsersAction[argparse.ArgumentParser]) -> None:
    """Add the command."""
    parser = subparsers.add_parser("import", help="import another screener's traders")
    add_account(parser)
    parser.add_argument("--dry-run", action="store_true", help="show what would be done")
    parser.add_argument(
        "--partial", action="store_true", help="leave out what is refused, import the rest"
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Import; exit code 2 where something of the file is refused."""
    translation = translate_traders(read_records(arguments.file, "traders"), ignored_of(arguments))
    refusals = translation.refusals
    if refusals:
        print(sentences(refusals), file=sys.stderr)
    if refusals and not arguments.partial and not arguments.dry_run:
        print(
            "nothing was imported: correct the file, or leave out what is refused with --partial",
            file=sys.stderr,
        )
        return REFUSED
    with account_of(arguments) as account:
        facts = account.facts()
        steps = plan_import(account, translation.wishes)
        for line in describe(steps, account.listed()):
            print(line)
        made = 0 if arguments.dry_run else carry_out(account, steps)
    there = sum(not step.is_new for step in steps)
    todo = f"{len(steps) - there} would be imported" if arguments.dry_run else f"{made} imported"
    mark = " as a shadow: its signals are marked" if facts["shadow"] else ""
    problems = counted(len(refusals), "problem")
    print(f"{todo}, {there} there already, {problems}; account {facts['id']}{mark}")
    return REFUSED if refusals else 0


def describe(steps: Sequence[Step], listed: set[str]) -> list[str]:
    """Return a line for each trader, and for each symbol that the exchange does not list."""
    lines = []
    for step in steps:
        wish = step.wish
        verdict = "new" if step.is_new else "there"
        if step.differs:
            verdict = f"there, and left as it is: other {', '.join(step.differs)}"
        lines.append(f"{step.place:<10} {wish.name}  {wish.timeframe}  {verdict}")
        unknown = sorted(set(wish.universe.get("symbols", ())) - listed) if listed else []
        if unknown:
            lines.append(
                f"{'':<10} silent on {', '.join(unknown)} until the exchange lists "
                f"{'it' if len(unknown) == 1 else 'them'}"
            )
    return lines
