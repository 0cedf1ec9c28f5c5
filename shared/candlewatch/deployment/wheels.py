"""The packages that a function carries: what the lock file pins, as wheels for another machine.

1. `read_lock`     name, version and hashes of everything that `requirements.lock` pins
2. `fetch_wheels`  pip downloads the wheels of some packages, hashes checked, nothing built; what
   those need comes next, until nothing is missing
3. `unpack_wheel`  the files that a running function can need
"""

from __future__ import annotations

import re
import subprocess
import sys
from dataclasses import dataclass
from email.parser import HeaderParser
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Final
from zipfile import ZipFile

from packaging.markers import Marker
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name, parse_wheel_filename

from candlewatch.errors import SetupError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from candlewatch.deployment.target import Target

_PIN: Final = re.compile(r"^(?P<name>[\w.-]+)(?:\[[^]]*\])?==(?P<version>[^\s;\\]+)")
_HASH: Final = re.compile(r"--hash=(sha256:[0-9a-f]{64})")

_LEFT_OUT: Final = frozenset({".a", ".c", ".h", ".pxd", ".pxi", ".pyi", ".pyx", ".pyc"})
"""Sources of C and of type checkers: nothing reads them when Python runs."""


@dataclass(frozen=True)
class Pin:
    """One version that the lock file names, with the hashes that its files may have."""

    name: str
    version: str
    hashes: tuple[str, ...]

    def line(self) -> str:
        """Return the requirement as pip reads it."""
        return " ".join([f"{self.name}=={self.version}", *(f"--hash={h}" for h in self.hashes)])


def read_lock(text: str, target: Target) -> dict[str, Pin]:
    """Return what a lock file pins for a target, by normalised name.

    Args:
        text: of `requirements.lock`.
        target: decides between lines that hold for some machines only.

    Raises:
        SetupError: a line names no hash.
    """
    pins = {}
    for entry in re.split(r"\n(?=[^\s#])", text.replace("\\\n", " ")):
        match = _PIN.match(entry)
        if match is None:
            continue
        _, _, marker = entry.partition("--hash")[0].partition(";")
        if marker.strip() and not Marker(marker.strip()).evaluate(target.markers):
            continue
        pin = Pin(canonicalize_name(match["name"]), match["version"], (*_HASH.findall(entry),))
        if not pin.hashes:
            raise SetupError(f"requirements.lock has no hash for {pin.name}: run `make lock`")
        pins[pin.name] = pin
    return pins


def fetch_wheels(
    names: Iterable[str], pins: Mapping[str, Pin], target: Target, folder: Path
) -> list[Path]:
    """Download packages and all that they need.

    Args:
        names: the packages.
        pins: what the lock file says.
        target: where they have to run.
        folder: gets the wheels.

    Returns:
        The wheels, by name.

    Raises:
        SetupError: a package is not pinned, has no wheel for the target or a wrong hash.
    """
    wheels: dict[str, Path] = {}
    wanted = {str(canonicalize_name(name)) for name in names}
    while missing := sorted(wanted - wheels.keys()):
        unknown = [name for name in missing if name not in pins]
        if unknown:
            raise SetupError(f"requirements.lock does not pin {unknown[0]}: run `make lock`")
        _download([pins[name] for name in missing], target, folder)
        found = {parse_wheel_filename(wheel.name)[0]: wheel for wheel in folder.glob("*.whl")}
        for name in missing:
            wheels[name] = found[canonicalize_name(name)]
            wanted |= _needs(wheels[name], target)
    return [wheels[name] for name in sorted(wheels)]


def unpack_wheel(wheel: Path, folder: Path) -> None:
    """Unpack what runs: no tests, no sources of C, no stubs, no scripts; licences are kept."""
    with ZipFile(wheel) as archive:
        for item in archive.infolist():
            place = _place_of(PurePosixPath(item.filename))
            if item.is_dir() or place is None:
                continue
            file = folder / place
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(archive.read(item))


def _place_of(path: PurePosixPath) -> PurePosixPath | None:
    """Return where a file of a wheel belongs; None where it stays out."""
    parts = path.parts
    if parts[0].endswith(".data"):
        if parts[1] not in ("purelib", "platlib"):
            return None
        parts = parts[2:]
    elif parts[0].endswith(".dist-info"):
        return path if parts[-1] != "RECORD" else None
    if path.suffix in _LEFT_OUT or "tests" in parts[:-1] or "__pycache__" in parts:
        return None
    return PurePosixPath(*parts)


def _needs(wheel: Path, target: Target) -> set[str]:
    with ZipFile(wheel) as archive:
        (metadata,) = (name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        headers = HeaderParser().parsestr(archive.read(metadata).decode())
    needed = map(Requirement, headers.get_all("Requires-Dist", []))
    return {
        str(canonicalize_name(item.name))
        for item in needed
        if item.marker is None or item.marker.evaluate(target.markers)
    }


def _download(pins: list[Pin], target: Target, folder: Path) -> None:
    listed = folder / "requirements.txt"
    listed.write_text("".join(f"{pin.line()}\n" for pin in pins))
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check"]
    command += ["--require-hashes", "--no-deps", "--only-binary", ":all:", "--dest", str(folder)]
    command += ["--implementation", "cp", "--python-version", target.python]
    command += [part for name in target.platforms for part in ("--platform", name)]
    done = subprocess.run(
        [*command, "--requirement", str(listed)], capture_output=True, text=True, check=False
    )
    if done.returncode != 0:
        said = [line for line in done.stderr.splitlines() if line.startswith("ERROR")]
        raise SetupError(
            f"the packages for Python {target.python} on {target.architecture} could not be "
            f"downloaded: {(said or ['pip said nothing'])[0].removeprefix('ERROR: ')}"
        )
