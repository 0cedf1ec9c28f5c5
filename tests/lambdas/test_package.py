"""The same inputs give the same bytes, from the pins of the lock file alone."""

from __future__ import annotations

import base64
import hashlib
import os
import shutil
import sys
import zipfile
from typing import TYPE_CHECKING, Final

import pytest
from tests.fixtures.project import PROJECT

from candlewatch.deployment.bundles import Bundle, make_bundle
from candlewatch.deployment.target import Target
from candlewatch.deployment.wheels import read_lock
from candlewatch.errors import SetupError

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

TARGET: Final = Target("aarch64")
OURS: Final = Target("x86_64", f"{sys.version_info[0]}.{sys.version_info[1]}")
NEEDS: Final = {
    "httpx": ['below; python_version >= "3"', 'h2; extra == "http2"'],
    "below": [],
    "pydantic": ["Typing_Extensions>=1"],
    "typing-extensions": [],
    "numpy": [],
    "ta-lib": ["numpy"],
}
NATIVE: Final = {"numpy", "ta-lib"}


def write_wheel(folder: Path, name: str, target: Target) -> Path:
    """Make a small wheel: a module, its tests, a stub and a script."""
    module = name.replace("-", "_")
    python = f"cp{target.python.replace('.', '')}"
    tag = f"{python}-{python}-manylinux_2_28_{target.architecture}"
    file = folder / f"{module}-1.0-{tag if name in NATIVE else 'py3-none-any'}.whl"
    files = {
        f"{module}/__init__.py": f'"""{name}"""\n',
        f"{module}/tests/test_it.py": "",
        f"{module}/_native.c": "int x;",
        f"{module}-1.0.data/scripts/{module}": "#!python",
        f"{module}-1.0.data/purelib/{module}_more.py": "",
        f"{module}-1.0.dist-info/METADATA": "Metadata-Version: 2.1\n"
        f"Name: {name}\nVersion: 1.0\n"
        + "".join(f"Requires-Dist: {need}\n" for need in NEEDS[name]),
        f"{module}-1.0.dist-info/WHEEL": f"Wheel-Version: 1.0\nTag: {tag}\n",
        f"{module}-1.0.dist-info/licenses/LICENSE": "do as you like",
    }
    with zipfile.ZipFile(file, "w") as archive:
        record = f"{module}-1.0.dist-info/RECORD"
        for place, text in files.items():
            archive.writestr(place, text)
        lines = [f"{place},sha256={digest(text)},{len(text)}" for place, text in files.items()]
        archive.writestr(record, "\n".join([*lines, f"{record},,", ""]))
    return file


def digest(text: str) -> str:
    found = hashlib.sha256(text.encode()).digest()
    return base64.urlsafe_b64encode(found).rstrip(b"=").decode()


def write_lock(project: Path, wheels: Iterable[Path]) -> None:
    text = ""
    for wheel in wheels:
        name = wheel.name.split("-")[0].replace("_", "-")
        sha = hashlib.sha256(wheel.read_bytes()).hexdigest()
        text += f"{name}==1.0 ; sys_platform == 'linux' \\\n    --hash=sha256:{sha}\n    # via me\n"
        text += f"{name}==9.9 ; sys_platform == 'win32' \\\n    --hash=sha256:{'0' * 64}\n"
    (project / "requirements.lock").write_text(text)


def make_project(folder: Path, target: Target, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Copy the project's sources beside a shelf of small wheels, the only ones that pip finds."""
    project, shelf = folder / "project", folder / "shelf"
    shelf.mkdir(parents=True)
    for part in ("shared", "functions"):
        shutil.copytree(
            PROJECT / part, project / part, ignore=shutil.ignore_patterns("__pycache__")
        )
    shutil.copy(PROJECT / "pyproject.toml", project)
    write_lock(project, [write_wheel(shelf, name, target) for name in NEEDS])
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(shelf))
    return project


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    return make_project(tmp_path, TARGET, monkeypatch)


def names_in(bundle: Bundle) -> set[str]:
    with zipfile.ZipFile(bundle.file) as archive:
        return set(archive.namelist())


def test_a_bundle_made_twice_has_the_same_bytes(project: Path, tmp_path: Path) -> None:
    first = make_bundle(project, "engine", TARGET, tmp_path / "first")
    for file in project.rglob("*.py"):
        os.utime(file, (1, 1))
        file.chmod(0o600)
    second = make_bundle(project, "engine", TARGET, tmp_path / "second")

    assert first.file.read_bytes() == second.file.read_bytes()
    assert first.digest == hashlib.sha256(second.file.read_bytes()).hexdigest()


def test_a_compiled_bundle_made_twice_has_the_same_bytes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = make_project(tmp_path, OURS, monkeypatch)

    first = make_bundle(project, "engine", OURS, tmp_path / "first")
    monkeypatch.setenv("PYTHONHASHSEED", "7")
    second = make_bundle(project, "engine", OURS, tmp_path / "second")

    assert first.file.read_bytes() == second.file.read_bytes()
    assert first.is_compiled
    assert [name for name in names_in(first) if name.endswith(".pyc")] != []


def test_a_changed_line_changes_the_bytes(project: Path, tmp_path: Path) -> None:
    before = make_bundle(project, "light", TARGET, tmp_path)
    file = project / "functions" / "health" / "handler.py"
    file.write_text(file.read_text() + "\n")

    assert make_bundle(project, "light", TARGET, tmp_path).digest != before.digest


def test_a_bundle_holds_what_runs_and_nothing_else(project: Path, tmp_path: Path) -> None:
    names = names_in(make_bundle(project, "engine", TARGET, tmp_path))

    assert {"numpy/__init__.py", "numpy_more.py", "ta_lib/__init__.py"} <= names
    assert {"below/__init__.py", "typing_extensions/__init__.py"} <= names
    assert "numpy-1.0.dist-info/licenses/LICENSE" in names
    assert {"functions/evaluate/handler.py", "candlewatch/runs/evaluate.py"} <= names
    assert "functions/health/handler.py" not in names
    unwanted = ("/tests/", "_native.c", "scripts", "candlewatch/local/", "candlewatch/cli/",
                "/simulated/", "candlewatch/deployment/", "RECORD", "h2")  # fmt: skip
    assert [name for name in names if any(part in name for part in unwanted)] == []


def test_the_light_bundle_carries_no_arrays(project: Path, tmp_path: Path) -> None:
    names = names_in(make_bundle(project, "light", TARGET, tmp_path))

    assert [name for name in names if name.startswith(("numpy", "ta_lib"))] == []
    assert {name for name in names if name.startswith("functions/")} == {
        "functions/health/handler.py",
        "functions/metrics/handler.py",
    }


def test_a_package_with_another_hash_is_refused(project: Path, tmp_path: Path) -> None:
    lock = project / "requirements.lock"
    pinned = read_lock(lock.read_text(), TARGET)["numpy"].hashes[0]
    lock.write_text(lock.read_text().replace(pinned, "sha256:" + "1" * 64))

    with pytest.raises(SetupError, match=r"could not be downloaded: .*HASH"):
        make_bundle(project, "engine", TARGET, tmp_path)


def test_a_package_without_a_wheel_for_the_target_is_refused(project: Path, tmp_path: Path) -> None:
    with pytest.raises(SetupError, match=r"Python 3\.13 on x86_64 could not be downloaded"):
        make_bundle(project, "engine", Target("x86_64"), tmp_path)


def test_what_the_lock_file_does_not_pin_is_refused(project: Path, tmp_path: Path) -> None:
    lock = project / "requirements.lock"
    lock.write_text(lock.read_text().replace("below==", "above=="))

    with pytest.raises(SetupError, match="does not pin below: run `make lock`"):
        make_bundle(project, "light", TARGET, tmp_path)


def test_the_lock_file_is_read_for_the_target_and_not_for_this_python() -> None:
    text = (PROJECT / "requirements.lock").read_text()

    old, new = (read_lock(text, Target("x86_64", python)) for python in ("3.11", "3.13"))

    assert old["numpy"].version != new["numpy"].version
    assert {"httpx", "numpy", "pydantic", "ta-lib"} <= new.keys()
    assert [pin.name for pin in new.values() if not pin.hashes] == []
