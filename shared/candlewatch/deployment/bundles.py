"""The zip files that Lambda runs: the same inputs give the same bytes.

1. `make_bundle`   wheels, our package and the handlers become one folder
2. `_compile`      Python's compiled files spare a cold start two thirds of its work; they are
   made where this Python is the target's, since another one cannot read them
3. `write_zip`     names in order, one date, one mode: nothing of this machine or this hour

The engine's bundle serves most functions; what only reads figures carries neither numpy nor TA-Lib.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

from candlewatch.deployment.wheels import fetch_wheels, read_lock, unpack_wheel
from candlewatch.errors import SetupError

if TYPE_CHECKING:
    from candlewatch.deployment.target import Target

ENGINE: Final = "engine"
LIGHT: Final = "light"
BUNDLES: Final = (ENGINE, LIGHT)

LIGHT_FUNCTIONS: Final = frozenset({"health", "metrics"})
"""Functions that compute nothing; all others are in the engine's bundle."""

_LIGHT_NEEDS: Final = ("httpx", "pydantic")

_STAYS_HERE: Final = ("cli", "deployment", "local", "exchange/simulated")
"""Parts of our package that no function runs."""

_DATE: Final = (1980, 1, 1, 0, 0, 0)
_MODE: Final = 0o100644
_TASK: Final = "/var/task"


@dataclass(frozen=True)
class Bundle:
    """A zip file and what it holds.

    Attributes:
        name: `engine` or `light`.
        file: the zip.
        digest: SHA-256 of its bytes, hexadecimal.
        size: bytes of the zip.
        unpacked: bytes of its files.
        is_compiled: whether Python's compiled files are in it.
    """

    name: str
    file: Path
    digest: str
    size: int
    unpacked: int
    is_compiled: bool


def bundle_of(function: str) -> str:
    """Return the bundle that a function is in."""
    return LIGHT if function in LIGHT_FUNCTIONS else ENGINE


def functions_of(project: Path) -> list[str]:
    """Return the names of all functions."""
    return sorted(file.parent.name for file in (project / "functions").glob("*/handler.py"))


def make_bundle(project: Path, name: str, target: Target, folder: Path) -> Bundle:
    """Make one zip file.

    Args:
        project: where the sources and the lock file are.
        name: which bundle.
        target: where it has to run.
        folder: gets `<name>.zip`.

    Raises:
        SetupError: a package cannot be had.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="candlewatch-") as scratch:
        wheels, tree = Path(scratch, "wheels"), Path(scratch, "tree")
        wheels.mkdir()
        pins = read_lock((project / "requirements.lock").read_text(), target)
        for wheel in fetch_wheels(needs_of(project, name), pins, target, wheels):
            unpack_wheel(wheel, tree)
        add_sources(project, name, tree)
        if target.is_ours:
            _compile(tree)
        return write_zip(name, tree, folder / f"{name}.zip", is_compiled=target.is_ours)


def write_zip(name: str, tree: Path, file: Path, *, is_compiled: bool) -> Bundle:
    """Write a folder as a zip whose bytes depend on names and contents alone."""
    unpacked = 0
    with ZipFile(file, "w") as archive:
        for path in sorted(path for path in tree.rglob("*") if path.is_file()):
            item = ZipInfo(path.relative_to(tree).as_posix(), _DATE)
            item.external_attr = _MODE << 16
            item.create_system = 3
            item.compress_type = ZIP_DEFLATED
            data = path.read_bytes()
            unpacked += len(data)
            archive.writestr(item, data)
    data = file.read_bytes()
    digest = hashlib.sha256(data).hexdigest()
    return Bundle(name, file, digest, len(data), unpacked, is_compiled)


def needs_of(project: Path, name: str) -> list[str]:
    """Return the packages that a bundle carries, without what those need in turn."""
    if name == LIGHT:
        return list(_LIGHT_NEEDS)
    told = tomllib.loads((project / "pyproject.toml").read_text())
    return [text.partition(">")[0].strip() for text in told["project"]["dependencies"]]


def add_sources(project: Path, name: str, tree: Path) -> None:
    """Copy our package and the handlers of a bundle into a folder."""
    package = project / "shared" / "candlewatch"
    for source in sorted(package.rglob("*.py")):
        inside = source.relative_to(package).as_posix()
        if not any(inside.startswith(f"{part}/") for part in _STAYS_HERE):
            _copy(source, tree / "candlewatch" / inside)
    for function in functions_of(project):
        if bundle_of(function) == name:
            handler = Path("functions", function, "handler.py")
            _copy(project / handler, tree / handler)


def _copy(source: Path, place: Path) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(source, place)


def _compile(tree: Path) -> None:
    """Compile all of a folder; the files trust their sources, whose dates a zip does not keep."""
    command = [sys.executable, "-m", "compileall", "-q", "--invalidation-mode", "unchecked-hash"]
    done = subprocess.run(
        [*command, "-s", str(tree), "-p", _TASK, str(tree)],
        env={**os.environ, "PYTHONHASHSEED": "0"},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise SetupError(f"a file could not be compiled: {done.stdout.strip()[-300:]}")
