"""A handler imports nothing heavy that it does not use: a cold start pays for every module."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING, Final

import pytest
from tests.fixtures.project import PROJECT
from tests.lambdas.runtime import SETTINGS, isolated, lay_out

from candlewatch.deployment.bundles import BUNDLES, bundle_of, functions_of

if TYPE_CHECKING:
    from pathlib import Path

FUNCTIONS: Final = functions_of(PROJECT)
_WIRE: Final = {"httpx", "pydantic"}
_ENGINE: Final = {*_WIRE, "numpy", "talib", "candlewatch.filters", "candlewatch.indicators"}
MAY: Final = {
    "check": _ENGINE,
    "evaluate": _ENGINE,
    "explain": _ENGINE,
    "preview": _ENGINE,
    "ingest": {*_WIRE, "numpy", "candlewatch.exchange", "concurrent.futures"},
    "health": _WIRE,
    "metrics": _WIRE,
}
HEAVY: Final = {
    *_ENGINE,
    "asyncio",
    "candlewatch.cli",
    "candlewatch.deployment",
    "candlewatch.exchange",
    "candlewatch.exchange.simulated",
    "candlewatch.local",
    "click",
    "concurrent.futures",
    "doctest",
    "h2",
    "multiprocessing",
    "numpy.f2py",
    "numpy.polynomial",
    "numpy.random",
    "numpy.testing",
    "pydoc",
    "rich",
    "sqlite3",
    "trio",
    "unittest",
    "xml",
}


@pytest.fixture(scope="module")
def trees(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    folder = tmp_path_factory.mktemp("task")
    return {name: lay_out(name, folder / name) for name in BUNDLES}


def modules_of(program: str, tree: Path) -> set[str]:
    """Return all modules that a fresh process has loaded after a program."""
    done = subprocess.run(
        [sys.executable, "-S", "-c", f"import sys; {program}; print(*sys.modules)"],
        cwd=tree,
        env=isolated(tree, tree.parent / "client", SETTINGS),
        capture_output=True,
        text=True,
        check=True,
    )
    return set(done.stdout.split())


@pytest.mark.parametrize("name", FUNCTIONS)
def test_a_handler_imports_the_heavy_modules_that_it_uses_and_no_other(
    trees: dict[str, Path], name: str
) -> None:
    loaded = modules_of(f"import functions.{name}.handler", trees[bundle_of(name)])

    assert loaded & HEAVY == MAY[name]


def test_what_is_imported_needlessly_is_seen(trees: dict[str, Path]) -> None:
    loaded = modules_of(
        "import numpy.testing, functions.evaluate.handler", trees[bundle_of("evaluate")]
    )

    assert loaded & HEAVY > MAY["evaluate"]
