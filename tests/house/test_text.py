"""The house rules that a machine can see in the text: names, sizes, leftovers, who imports whom.

The rules over the database's catalog are beside the SQL's own tests.
"""

from __future__ import annotations

import ast
import re
import subprocess
from typing import TYPE_CHECKING, Final

import pytest
from tests.fixtures.project import PROJECT

if TYPE_CHECKING:
    from pathlib import Path

PYTHON_LINES: Final = 300
"""Over the wished 220: a longer file answers more than one question."""

TEST_LINES: Final = 450
"""Tests and their models are lists of cases, which are read one by one."""

SQL_LINES: Final = 90
SQL_COLUMNS: Final = 110
"""Over the wished 100: a line that is longer does not fit beside another file."""

GRANTS: Final = "sql/80_grants.sql"
"""Every grant stands in this one file, role by role, so that it can be read as a list."""
HANDLER_LINES: Final = 60
FUNCTION_LINES: Final = 60

VAGUE_NAMES: Final = {"utils", "util", "common", "helpers", "helper", "core", "base", "manager"}
_TEXT: Final = {".py", ".sql", ".md", ".toml", ".yaml", ".yml", ".json", ".sh", ".lock", ""}
# Written in parts, so that this file keeps these rules, too.
_ELSEWHERE: Final = re.compile(
    "/(wo" + "rk|ro" + "ot)/|farm" + r"-|registry\.npm" + r"js|files\.python" + "hosted"
)
_LEFTOVER: Final = re.compile(
    r"\b(TO" + "DO|FIX" + "ME|XX" + r"X)\b|NotImplemented" + "Error|assert " + "True"
)
_SKIPPING: Final = re.compile(
    r"mark\.(sk" + "ip|xf" + r"ail)|pytest\.sk" + r"ip\b|importor" + "skip"
)
_GENERATED: Final = ("supabase/migrations/",)


def project_files() -> list[Path]:
    """Return the files that belong to the project: those in git and those that could be."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()
    return [PROJECT / name for name in listed if (PROJECT / name).is_file()]


FILES: Final = project_files()
TEXTS: Final = [path for path in FILES if path.suffix in _TEXT]
PYTHON: Final = [path for path in FILES if path.suffix == ".py"]
SQL: Final = [path for path in FILES if path.suffix == ".sql"]


def name_of(path: Path) -> str:
    return path.relative_to(PROJECT).as_posix()


def lines_that_match(pattern: re.Pattern[str], paths: list[Path]) -> list[str]:
    return [
        f"{name_of(path)}:{number}: {line.strip()}"
        for path in paths
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if pattern.search(line)
    ]


def test_there_are_files_to_look_at() -> None:
    assert len(PYTHON) > 50
    assert len(SQL) > 50


def test_no_line_names_a_place_outside_of_the_project() -> None:
    assert lines_that_match(_ELSEWHERE, TEXTS) == []


def test_nothing_is_left_for_later() -> None:
    assert lines_that_match(_LEFTOVER, PYTHON + SQL) == []


def test_no_test_is_switched_off() -> None:
    assert lines_that_match(_SKIPPING, PYTHON) == []


def test_no_file_has_a_vague_name() -> None:
    assert [name_of(path) for path in FILES if VAGUE_NAMES & {path.stem, *path.parts}] == []


def test_a_python_file_can_be_read_in_a_sitting() -> None:
    sizes = {name_of(path): len(path.read_text().splitlines()) for path in PYTHON}

    assert {
        name: size
        for name, size in sizes.items()
        if size > (TEST_LINES if name.startswith("tests/") else PYTHON_LINES)
    } == {}


def test_a_sql_file_can_be_read_in_a_sitting() -> None:
    sizes = {name_of(path): len(path.read_text().splitlines()) for path in SQL}

    assert {
        name: size
        for name, size in sizes.items()
        if size > SQL_LINES and name.startswith("sql/") and name != GRANTS
    } == {}


def test_a_handler_decides_nothing() -> None:
    handlers = [path for path in PYTHON if path.name == "handler.py"]

    assert handlers
    assert [name_of(p) for p in handlers if len(p.read_text().splitlines()) >= HANDLER_LINES] == []


@pytest.mark.parametrize("path", PYTHON, ids=name_of)
def test_a_python_function_does_one_thing(path: Path) -> None:
    long = [
        f"{node.name}: {(node.end_lineno or 0) - node.lineno + 1} lines"
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        and (node.end_lineno or 0) - node.lineno >= FUNCTION_LINES
    ]

    assert long == []


def test_a_sql_function_stands_in_a_file_of_its_name() -> None:
    defined = re.compile(r"^create or replace (?:function|procedure)\s+\w+\.(\w+)", re.MULTILINE)
    wrong = {
        name_of(path): found
        for path in SQL
        if "/20_functions/" in path.as_posix()
        if (found := set(defined.findall(path.read_text()))) != {path.stem}
    }

    assert wrong == {}


def test_sql_is_lower_case_with_short_lines_and_no_tabs() -> None:
    keyword = re.compile(r"^\s*(CREATE|SELECT|INSERT|UPDATE|DELETE|ALTER|GRANT|REVOKE|BEGIN|END)\b")
    wrong = [
        f"{name_of(path)}:{number}"
        for path in SQL
        if not name_of(path).startswith(_GENERATED)
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if "\t" in line or len(line) > SQL_COLUMNS or keyword.search(line)
    ]

    assert wrong == []
