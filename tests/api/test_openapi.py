"""docs/openapi.json is the API as it is: each path, parameter and column, and no other."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from tests.api.openapi import FILE, REST, description, text_of
from tests.fixtures.factories import make_account
from tests.fixtures.project import PROJECT

if TYPE_CHECKING:
    from tests.api.stage import Api


@pytest.fixture(scope="module")
def written() -> dict[str, Any]:
    """Read the file."""
    read: dict[str, Any] = json.loads(FILE.read_text())
    return read


def test_the_file_is_what_the_api_says_of_itself(api: Api) -> None:
    # To write it anew: python -m tests.api.openapi
    assert FILE.read_text() == text_of(description(api.rest, str(make_account(api.database))))


def test_every_call_of_the_catalog_is_described_with_its_parameters(
    api: Api, written: dict[str, Any]
) -> None:
    catalog = {
        f"{REST}/rpc/{name}": sorted(arguments or [])
        for name, arguments in api.database.rows(
            "select p.proname, p.proargnames from pg_proc as p "
            "where p.pronamespace = 'public'::regnamespace and p.prorettype <> 'trigger'::regtype "
            "and has_function_privilege('authenticated', p.oid, 'execute')"
        )
    }
    described = {
        path: sorted(item["post"]["parameters"][0]["schema"].get("properties", {}))
        for path, item in written["paths"].items()
        if path.startswith(f"{REST}/rpc/")
    }

    assert described == catalog


def test_every_readable_table_is_described_with_its_columns(
    api: Api, written: dict[str, Any]
) -> None:
    catalog = {
        name: sorted(columns)
        for name, columns in api.database.rows(
            "select c.relname, array_agg(a.attname::text) from pg_class as c "
            "join pg_attribute as a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped "
            "where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'v', 'p') "
            "and not c.relispartition and has_table_privilege('authenticated', c.oid, 'select') "
            "group by c.relname"
        )
    }
    described = {
        name: sorted(item["properties"])
        for name, item in written["definitions"].items()
        if name != "error"
    }

    assert described == catalog
    assert {f"{REST}/{name}" for name in catalog} <= set(written["paths"])


def test_every_function_that_serves_people_is_described(written: dict[str, Any]) -> None:
    serving = {
        file.parent.name
        for file in (PROJECT / "functions").glob("*/handler.py")
        if "candlewatch.runs.api" in file.read_text()
    }

    assert {f"/functions/v1/{name}" for name in serving} == {
        path for path in written["paths"] if path.startswith("/functions/")
    }
