"""Throw random hostile programs at the compiler: each is answered, soon, and in little memory.

    python -m tests.fuzz.hostile --count 1000000 --seed 1

A program is a finding when its answer is anything but a clean refusal or an acceptance, when the
answer takes more than 50 ms of processor time, each of three times, or more than 50 MB. Programs
come from the seed and their number alone: `--seed S --only N` repeats one.
"""

from __future__ import annotations

import argparse
import resource
import sys
import time
import warnings
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import Final

from tests.filters.hostile.verdict import verdict
from tests.fuzz.programs import program
from tests.fuzz.progress import shown

from candlewatch.errors import FilterRefused
from candlewatch.filters import compile_filter
from candlewatch.timeframes import TIMEFRAMES

SECONDS_TO_ANSWER: Final = 0.050
KILOBYTES_TO_ANSWER: Final = 50 * 1024
FINDINGS_KEPT: Final = 20
PAGE_KILOBYTES: Final = resource.getpagesize() // 1024


@dataclass
class Report:
    """What a run saw."""

    count: int
    findings: list[str] = field(default_factory=list)
    answers: Counter[str] = field(default_factory=Counter)
    slowest_ms: float = 0.0
    slowest: str = ""
    largest_kilobytes: int = 0

    def __str__(self) -> str:
        slowest = f"slowest {self.slowest_ms:.1f} ms ({self.slowest})"
        largest = f"largest {self.largest_kilobytes / 1024:.1f} MB"
        first = f"{self.count:,} programs, {len(self.findings)} findings; {slowest}, {largest}"
        answers = ", ".join(f"{name} {count:,}" for name, count in self.answers.most_common())
        return "\n".join([first, answers, *self.findings])


def run(seed: str, count: int, *, show: bool = False) -> Report:
    """Judge `count` programs of a seed."""
    report = Report(count)
    numbers = shown(range(count), count, "hostile programs") if show else iter(range(count))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", SyntaxWarning)
        judge(program(Random(f"warm {seed}")), "warm-up", Report(0))
        for number in numbers:
            judge(program(Random(f"{seed} {number}")), f"--seed {seed} --only {number}", report)
            if len(report.findings) >= FINDINGS_KEPT:
                break
    return report


def judge(source: str, name: str, report: Report) -> None:
    """Compile one program and write down what is wrong with the answer."""
    resident = _resident()
    highest = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    seconds, answer, wrong = _timed(source)
    risen = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    used = risen - resident if risen > highest else 0
    report.answers[answer] += 1
    report.largest_kilobytes = max(report.largest_kilobytes, used)
    if seconds > SECONDS_TO_ANSWER / 2:  # a busy machine or the collector may have had its part
        seconds = min(seconds, _timed(source)[0], _timed(source)[0])
    if seconds * 1000 > report.slowest_ms:
        report.slowest_ms, report.slowest = seconds * 1000, name
    if seconds > SECONDS_TO_ANSWER and answer != "accepted":
        wrong = wrong or f"refusing took {seconds * 1000:.0f} ms"
    if used > KILOBYTES_TO_ANSWER:
        wrong = wrong or f"the answer took {used / 1024:.0f} MB"
    if wrong:
        report.findings.append(f"{name}: {wrong}\n    {source[:300]!a}")


def _timed(source: str) -> tuple[float, str, str]:
    """Return processor seconds, the answer in a word, and what is wrong with it."""
    answers = []

    def compiled(text: str) -> None:
        started = time.process_time()
        try:
            compile_filter(text, TIMEFRAMES["5m"])
            answers.append("accepted")
        except FilterRefused as refusal:
            answers.append(refusal.problems[0].rule if refusal.problems else "")
            raise
        finally:
            times.append(time.process_time() - started)

    times: list[float] = []
    wrong = verdict(source, compiled)
    return times[0], answers[0] if answers else "exception", wrong


def _resident() -> int:
    """Return the kilobytes of memory that the process holds now."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * PAGE_KILOBYTES


def main(arguments: list[str] | None = None) -> int:
    """Run from the command line; 1 when something was found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", default="1")
    parser.add_argument("--count", type=int, default=1_000_000)
    parser.add_argument("--only", type=int, help="repeat the program of this number")
    chosen = parser.parse_args(arguments)
    if chosen.only is None:
        report = run(chosen.seed, chosen.count, show=True)
    else:
        source = program(Random(f"{chosen.seed} {chosen.only}"))
        print(ascii(source))
        report = Report(1)
        judge(source, f"--seed {chosen.seed} --only {chosen.only}", report)
    print(report)
    return 1 if report.findings else 0


if __name__ == "__main__":
    sys.exit(main())
