"""The text of `sql/` keeps the house style: small files, one function each, lower case."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

import pytest
from tests.fixtures.project import SOURCE

if TYPE_CHECKING:
    from pathlib import Path

FILES: Final = sorted(SOURCE.rglob("*.sql"))
FUNCTIONS: Final = [file for file in FILES if file.parent.name == "20_functions"]
LONGEST_FILE: Final = 90
LONGEST_FUNCTION: Final = 60
WIDEST_LINE: Final = 105
# A sentence in quotes cannot be broken.
SENTENCE: Final = re.compile(r" *'.*'[;,]?")
# Each is a list that grows with the system and would not be clearer in two files.
LONG_LISTS: Final = {"80_grants.sql", "060_traders.sql"}
KEYWORDS: Final = re.compile(
    r"\b(SELECT|INSERT|UPDATE|DELETE|CREATE|ALTER|FROM|WHERE|BEGIN|END|RETURNS|LANGUAGE)\b"
)

each_file = pytest.mark.parametrize("file", FILES, ids=lambda file: str(file.relative_to(SOURCE)))


@each_file
def test_a_file_can_be_read_in_a_sitting(file: Path) -> None:
    lines = file.read_text().splitlines()
    assert len(lines) <= LONGEST_FILE or file.name in LONG_LISTS
    wide = [line for line in lines if len(line) > WIDEST_LINE and not SENTENCE.fullmatch(line)]
    assert wide == []
    assert [line for line in lines if "\t" in line] == []


@each_file
def test_a_file_opens_by_saying_what_it_is_for(file: Path) -> None:
    assert file.read_text().startswith("-- ")


@each_file
def test_sql_is_written_in_lower_case(file: Path) -> None:
    code = re.sub(r"--.*|'[^']*'", "", file.read_text())
    assert KEYWORDS.findall(code) == []


@each_file
def test_grants_stand_in_one_file(file: Path) -> None:
    code = re.sub(r"--.*|'[^']*'", "", file.read_text())
    granted = re.findall(r"^ *grant .*", code, flags=re.MULTILINE)
    expected = ["grant candlewatch_worker to authenticator;"] if file.name[:2] == "00" else []
    assert granted == expected or file.name == "80_grants.sql"


@each_file
def test_no_star_is_selected_from_a_table(file: Path) -> None:
    assert re.findall(r"select \*", file.read_text()) == []


@pytest.mark.parametrize("file", FUNCTIONS, ids=lambda file: file.name)
def test_a_function_has_its_own_file_and_is_short(file: Path) -> None:
    text = file.read_text()
    names = re.findall(
        r"^create (?:or replace )?(?:function|procedure) \w+\.(\w+)", text, re.MULTILINE
    )
    assert names == [file.stem]
    body = re.search(r"^create .*?(?:^\$\$;|^end;)", text, re.MULTILINE | re.DOTALL)
    assert body is not None
    assert body[0].count("\n") + 1 <= LONGEST_FUNCTION


@pytest.mark.parametrize("file", FUNCTIONS, ids=lambda file: file.name)
def test_a_function_that_runs_as_its_owner_says_why(file: Path) -> None:
    text = file.read_text()
    head = text[: text.index("create ")]
    assert ("\nsecurity definer\n" in text) == ("Definer:" in head)
