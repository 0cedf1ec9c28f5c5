"""Cold starts: the processor time of importing each handler in a fresh process.

The process sees what Lambda would unpack and nothing else of this machine, and compiled files are
there from the first round on, as they are in a bundle that was made with the runtime's Python.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Final

from tests.fixtures.project import PROJECT
from tests.lambdas.runtime import SETTINGS, isolated, lay_out

from candlewatch.deployment.bundles import BUNDLES, bundle_of, functions_of

if TYPE_CHECKING:
    from tests.benchmarks.report import Report

ROUNDS: Final = 7
EVALUATE_SECONDS: Final = 0.6
LIGHT_SECONDS: Final = 0.4
_PROGRAM: Final = "import time; import functions.{name}.handler; print(time.process_time())"


def measure(report: Report) -> None:
    """Measure all of it."""
    with tempfile.TemporaryDirectory() as scratch:
        folder = Path(scratch)
        trees = {name: lay_out(name, folder / name) for name in BUNDLES}
        for function in functions_of(PROJECT):
            bundle = bundle_of(function)
            seconds = cpu_of_import(function, trees[bundle], folder / "client")
            bar = LIGHT_SECONDS if bundle == "light" else EVALUATE_SECONDS
            report.at_most(f"cold.{function}.cpu", seconds, "s", bar)


def cpu_of_import(function: str, tree: Path, client: Path) -> float:
    """Return the least processor time of several fresh processes, in seconds."""
    environment = isolated(tree, client, SETTINGS)
    del environment["PYTHONDONTWRITEBYTECODE"]
    times = []
    for _ in range(ROUNDS):
        done = subprocess.run(
            [sys.executable, "-S", "-c", _PROGRAM.format(name=function)],
            cwd=tree,
            env=environment,
            capture_output=True,
            text=True,
            check=True,
        )
        times.append(float(done.stdout))
    return min(times)
