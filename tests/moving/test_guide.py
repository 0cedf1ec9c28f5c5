"""The guide of deployment says what is so: columns, refusals, variables and statements."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Final

from tests.fixtures.project import PROJECT

from candlewatch.moving import comparing, traders
from candlewatch.moving.records import read_records
from candlewatch.runs.environment import Environment

if TYPE_CHECKING:
    from pathlib import Path

    from tests.fixtures.database import Database

TEXT: Final = (PROJECT / "docs" / "deploy.md").read_text()
MOVING: Final = TEXT.split("## Moving here")[1]
OWN_NAMES: Final = {"external_key", "cooldown_candles", "catch_up_candles"}
"""Our own columns' names are understood, too, and not worth a word."""


def test_every_column_of_an_import_is_in_the_table() -> None:
    table = re.findall(r"^   \| (`.*) \|$", MOVING, re.MULTILINE)
    told = {
        name: set(re.findall(r"`(\w+)`", aliases))
        for name, aliases in re.findall(r"^`(\w+)` \|.*\|(.*)$", "\n".join(table), re.MULTILINE)
    }

    read: dict[str, set[str]] = {name: set() for name in set(traders.NAMES.values())}
    for heading, name in traders.NAMES.items():
        if heading not in {name, *OWN_NAMES}:
            read[name].add(heading)
    assert told == read


def test_every_column_of_a_comparison_is_named() -> None:
    for name in set(comparing.NAMES.values()):
        assert f"`{name}`" in MOVING


def test_the_refusals_that_it_shows_are_those_that_are_printed(tmp_path: Path) -> None:
    file = tmp_path / "traders.csv"
    rows = ["a,close > 1,5m,"] * 5 + ["b,close > 1,2h,", "c,close > 1,5m,", "d,close > 1,5m,3"]
    lines = [f"{number}{row}" for number, row in enumerate(rows)]
    file.write_text("\n".join(["name,filter,timeframe,stop loss", *lines]))

    refusals = traders.translate_traders(read_records(file, "traders")).refusals

    assert [f"   refused    {refusal}" for refusal in refusals] == [
        line for line in TEXT.splitlines() if line.startswith("   refused    ")
    ]


def test_every_variable_of_a_function_is_named_and_no_other() -> None:
    section = TEXT.split("5. **The functions.**")[1].split("\n## ")[0]
    named = set(re.findall(r"CANDLEWATCH_(\w+)", section))
    others = {"token", "allowed_origin"}

    assert {name.lower() for name in named} - others == set(Environment.model_fields) - others


def test_its_statements_run(database: Database) -> None:
    database.run("insert into auth.users (id, email) values (gen_random_uuid(), 'you@example.com')")
    account = database.one("select a.id from public.accounts as a")
    written = re.findall(r"```sql\n(.*?)```", TEXT, re.DOTALL)
    assert len(written) > 5

    for text in written:
        database.run(
            text.replace("ACCOUNT", str(account)).replace("YOU@EXAMPLE.COM", "you@example.com")
        )

    assert database.one("select count(*) from public.traders") == 1
    assert database.one("select a.shadow from public.accounts as a") is False
