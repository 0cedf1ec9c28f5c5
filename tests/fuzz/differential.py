"""Compare engine and oracle on thousands of generated filters.

    python -m tests.fuzz.differential --count 2000 --seed 1

Every market of 20 symbols is asked 25 filters at each of 300 candles by replay, and all 25 in one
plan on some single candles, drawn anew for each market. Five of the 25 are odd: sound filters with
expressions put in wrong places, as far as the compiler accepts them. `--market N` repeats one
market of a seed.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from dataclasses import dataclass, field
from random import Random
from typing import TYPE_CHECKING, Final

from tests.filters.oracle.comparison import (
    Disagreement,
    evaluated,
    prepare,
    replayed,
    tape_of,
    texts_of,
)
from tests.filters.oracle.tape import to_market
from tests.fuzz.programs import grafted
from tests.fuzz.progress import shown

from candlewatch.errors import FilterRefused
from candlewatch.filters import compile_filter

if TYPE_CHECKING:
    from collections.abc import Iterable

    from tests.filters.oracle.tape import Tape

FILTERS_PER_MARKET: Final = 25
ODD_FILTERS_PER_MARKET: Final = 5
SINGLE_CANDLES: Final = 6
FINDINGS_KEPT: Final = 20


@dataclass
class Report:
    """What a run saw."""

    filters: int = 0
    answers: Counter[bool | None] = field(default_factory=Counter)
    findings: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        words = f"{self.filters:,} filters, {len(self.findings)} disagreements; "
        words += ", ".join(
            f"{name} {self.answers[value]:,}"
            for name, value in (("true", True), ("false", False), ("unknown", None))
        )
        return "\n".join([words, *self.findings])


def run(seed: str, markets: Iterable[int], report: Report) -> Report:
    """Compare on the markets of a seed."""
    for number in markets:
        compare_market(f"{seed}/{number}", report)
        if len(report.findings) >= FINDINGS_KEPT:
            break
    return report


def compare_market(seed: str, report: Report) -> None:
    """Compare all filters of one market."""
    tape = tape_of(seed)
    market = to_market(tape)
    cases = []
    sound = texts_of(seed, tape, FILTERS_PER_MARKET - ODD_FILTERS_PER_MARKET)
    for text in [*sound, *odd_texts(seed, tape)]:
        try:
            case = prepare(text, tape)
            found = replayed(seed, case, market, tape)
        except Exception as error:  # noqa: BLE001 (whatever it is, it is a finding)
            report.findings.append(f"seed {seed}: {type(error).__name__}: {error}\n{text}")
            continue
        report.filters += 1
        report.answers.update(case.answers.values())
        _keep(found, report)
        cases.append(case)
    candles = Random(f"candles {seed}").sample(
        range(tape.asked_first, tape.asked_last + 1), SINGLE_CANDLES
    )
    for each in evaluated(seed, cases, candles, tape):
        _keep(each, report)


def odd_texts(seed: str, tape: Tape) -> list[str]:
    """Return odd filters that the compiler accepts and that read no timeframe beyond the tape's."""
    random = Random(f"odd texts {seed}")
    longer = tuple(name for name in tape.strips if name != tape.base.name)
    texts: list[str] = []
    while len(texts) < ODD_FILTERS_PER_MARKET:
        text = grafted(random, longer)
        try:
            needs = compile_filter(text, tape.base).needs
        except FilterRefused:
            continue
        if needs.keys() <= tape.strips.keys():
            texts.append(text)
    return texts


def _keep(found: Disagreement | None, report: Report) -> None:
    if found is not None:
        report.findings.append(str(found))


def main(arguments: list[str] | None = None) -> int:
    """Run from the command line; 1 when something was found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", default="1")
    parser.add_argument("--count", type=int, default=2_000, help="filters")
    parser.add_argument("--market", type=int, help="repeat the market of this number")
    chosen = parser.parse_args(arguments)
    report = Report()
    if chosen.market is None:
        count = -(-chosen.count // FILTERS_PER_MARKET)
        run(chosen.seed, shown(range(count), count, "markets"), report)
    else:
        run(chosen.seed, [chosen.market], report)
    print(report)
    return 1 if report.findings else 0


if __name__ == "__main__":
    sys.exit(main())
