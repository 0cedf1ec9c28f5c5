"""A column that users must not write is refused on every path: row, rows, upsert, change, call."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final
from uuid import uuid4

import httpx
import pytest
from tests.sql.people import Person, sign_up

if TYPE_CHECKING:
    from tests.fixtures.database import Database
    from tests.fixtures.rest import Rest

# Whatever is not here, of any table that users can read, nobody with a user's token may write.
WRITABLE: Final[dict[str, set[str]]] = {
    "traders": {
        "name",
        "filter",
        "timeframe",
        "universe",
        "enabled",
        "emit",
        "cooldown_candles",
        "catch_up_candles",
        "external_key",
    }
}
TABLES: Final = ("tiers", "templates", "accounts", "traders", "trader_states", "signals", "symbols")
SAMPLES: Final[dict[str, Any]] = {
    "uuid": "00000000-0000-4000-8000-000000000001",
    "text": "operator",
    "integer": 1,
    "bigint": 1,
    "boolean": True,
    "double precision": 1.0,
    "jsonb": {},
    "xid8": "1",
    "timestamp with time zone": "2026-01-01T00:00:00Z",
}


@pytest.fixture(scope="module")
def user(api: Rest, schema: Database) -> Person:
    """Sign up a user with one trader."""
    person = sign_up(api, schema)
    person.call("create_trader", p_name="Own", p_filter="close > 1")
    return person


@pytest.mark.parametrize("table", TABLES)
def test_every_other_column_is_refused_on_every_path(
    user: Person, schema: Database, table: str
) -> None:
    forbidden = [
        (name, SAMPLES[kind])
        for name, kind in schema.rows(
            "select a.attname, format_type(a.atttypid, null) from pg_attribute as a "
            "where a.attrelid = to_regclass(%s) and a.attnum > 0 and not a.attisdropped",
            [f"public.{table}"],
        )
        if name not in WRITABLE.get(table, set())
    ]
    before = _dump(schema, table)
    assert forbidden

    for column, value in forbidden:
        row = {"name": "n", "filter": "close > 1"} if table == "traders" else {}
        row[column] = value
        merge = {"Prefer": "resolution=merge-duplicates"}
        attempts = {
            "row": user.send("POST", table, row),
            "rows": user.send("POST", table, [row, row]),
            "upsert": user.send("POST", table, row, merge),
            "change": user.send("PATCH", f"{table}?{column}=not.is.null", {column: value}),
        }
        for path, answer in attempts.items():
            assert answer.status_code in (401, 403), (path, column, answer.text)

    assert _dump(schema, table) == before


@pytest.mark.parametrize("column", ["p_account_id", "p_state", "p_id", "p_version", "p_created_at"])
def test_a_call_takes_no_argument_for_them(user: Person, column: str) -> None:
    answer = user.call("create_trader", p_name="n", p_filter="close > 1", **{column: str(uuid4())})

    assert answer.status_code == httpx.codes.NOT_FOUND


def test_every_writable_column_is_writable(user: Person, schema: Database) -> None:
    granted = schema.rows(
        "select c.table_name, c.column_name from information_schema.column_privileges as c "
        "where c.grantee in ('anon', 'authenticated') and c.privilege_type in ('INSERT', 'UPDATE') "
        "and c.table_schema in ('public', 'candlewatch', 'worker', 'monitor')"
    )

    assert {(table, column) for table, column in granted} == {
        (table, column) for table, columns in WRITABLE.items() for column in columns
    }
    assert user.send("PATCH", "traders?id=not.is.null", {"name": "Mine"}).status_code == 204


def _dump(database: Database, table: str) -> list[tuple[Any, ...]]:
    return database.rows(f"select to_jsonb(x)::text from public.{table} as x order by 1")
