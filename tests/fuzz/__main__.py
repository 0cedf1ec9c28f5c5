"""The long forms of the fuzzers: `make fuzz`.

python -m tests.fuzz [--seed S] [--filters 2000] [--programs 1000000]
"""

from __future__ import annotations

import argparse
import sys

from tests.fuzz import answers, differential, hostile


def main() -> int:
    """Run all; 1 when something was found."""
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    parser.add_argument("--seed", default="1")
    parser.add_argument("--filters", type=int, default=2_000)
    parser.add_argument("--programs", type=int, default=1_000_000)
    chosen = parser.parse_args()
    failures = [
        answers.main(["--seed", chosen.seed]),
        hostile.main(["--seed", chosen.seed, "--count", str(chosen.programs)]),
        differential.main(["--seed", chosen.seed, "--count", str(chosen.filters)]),
    ]
    return max(failures)


if __name__ == "__main__":
    sys.exit(main())
