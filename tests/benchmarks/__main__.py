"""`python -m tests.benchmarks [PART]`: measure one part or all of them against their bars.

A part is a module beside this one with `measure(report)`; see `report.py`. The exit code is 1 when
any value misses its bar.
"""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from typing import Final

from tests.benchmarks.report import Report

PARTS: Final = ("engine", "queue", "market", "api", "close", "cold")


def available_parts() -> list[str]:
    """Return the parts that exist, in order."""
    return [part for part in PARTS if Path(__file__).with_name(f"{part}.py").exists()]


def main(arguments: list[str]) -> int:
    """Measure and return the exit code."""
    parts = arguments or available_parts()
    unknown = [part for part in parts if part not in available_parts()]
    if unknown:
        print(f"there is no part {unknown[0]!r}: choose from {', '.join(available_parts())}")
        return 2
    report = Report()
    for part in parts:
        importlib.import_module(f"tests.benchmarks.{part}").measure(report)
    return 1 if report.is_short else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
