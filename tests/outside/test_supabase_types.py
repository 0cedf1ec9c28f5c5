"""The Supabase command line writes types of the API that a program can use."""

from __future__ import annotations

import sys
from types import ModuleType
from typing import TYPE_CHECKING, Any

import pytest
from psycopg.rows import dict_row
from tests.fixtures.factories import make_trader
from tests.outside.supabase_cli import supabase, url_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.fixtures.database import Database


def generate(database: Database, language: str) -> str:
    """Return what the command writes for a language."""
    url = f"{url_of(database)}?sslmode=disable"
    said = supabase("gen", "types", f"--remote={url}", "--lang", language, "--schema", "public")
    assert said.returncode == 0, said.stdout + said.stderr
    return said.stdout


@pytest.fixture
def generated(cron_database: Database) -> Iterator[ModuleType]:
    """Import the Python types."""
    module = ModuleType("generated_types")
    sys.modules[module.__name__] = module
    # The generator knows no Python type for xid8, which signals.transaction_id is: a text.
    vars(module)["PgCatalogXid8"] = str
    exec(generate(cron_database, "python"), vars(module))  # noqa: S102 - generated a moment ago
    yield module
    del sys.modules[module.__name__]


def test_rows_of_every_table_are_what_the_python_types_say(
    generated: ModuleType, cron_database: Database
) -> None:
    trader = make_trader(cron_database)
    cron_database.run(
        "insert into public.signals (trader_id, account_id, filter_id, symbol, timeframe, "
        "candle_at, dispatch_id, frame_revision, created_at) "
        "select s.trader_id, s.account_id, s.filter_id, 'BTCUSDT', '5m', now(), 1, 1, now() "
        "from public.trader_states as s where s.trader_id = %s",
        [trader],
    )
    tables = {
        "accounts": "PublicAccounts",
        "signals": "PublicSignals",
        "templates": "PublicTemplates",
        "tiers": "PublicTiers",
        "trader_states": "PublicTraderStates",
        "traders": "PublicTraders",
    }
    try:
        for table, name in tables.items():
            rows = _rows(cron_database, table)
            assert rows, table
            for row in rows:
                getattr(generated, name).model_validate(row)
    finally:
        cron_database.run("delete from public.traders where id = %s", [trader])


def test_the_typescript_types_name_every_table_and_call(cron_database: Database) -> None:
    text = generate(cron_database, "typescript")

    names = cron_database.rows(
        "select c.relname from pg_class as c where c.relnamespace = 'public'::regnamespace "
        "and c.relkind in ('r', 'v', 'p') and not c.relispartition "
        "union all select p.proname from pg_proc as p "
        "where p.pronamespace = 'public'::regnamespace"
    )
    assert text.lstrip().startswith("export type Json")
    assert len(names) > 12
    assert [name for (name,) in names if f'"{name}": {{' not in text.replace("\n", " ")] == []


def _rows(database: Database, table: str) -> list[dict[str, Any]]:
    with database.sql.cursor(row_factory=dict_row) as cursor:
        return cursor.execute(f"select * from public.{table} limit 20".encode()).fetchall()
