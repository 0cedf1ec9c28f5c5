"""Supabase's own rules find no error in the migrated database, and no warning without a reason.

They look at the schemas that the API exposes, which a hosted project keeps in `pgrst.db_schemas`.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

import pytest
from tests.outside.supabase_cli import supabase, url_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.fixtures.database import Database

RULE: Final = "function_search_path_mutable"
BOUND: Final = "its body is bound when it is created, so that no search path is read when it runs"
COMMITS: Final = "Postgres forbids a setting on a procedure that commits, and it names schemas"
EXCUSED: Final = {
    "candlewatch.back_off": BOUND,
    "candlewatch.bytes_of_time": BOUND,
    "candlewatch.candle_length": BOUND,
    "candlewatch.candle_start": BOUND,
    "candlewatch.fit_bits": BOUND,
    "candlewatch.float8_of_word": BOUND,
    "candlewatch.lease_clock": BOUND,
    "candlewatch.market_now": BOUND,
    "candlewatch.now": BOUND,
    "candlewatch.tick_for_a_minute": COMMITS,
    "candlewatch.verdict_on": BOUND,
    "candlewatch.word_at": BOUND,
}


@pytest.fixture(scope="module")
def exposed(cron_database: Database) -> Iterator[Database]:
    """Say which schemas the API exposes, as a hosted project does."""
    platform = cron_database.connect("supabase_admin")
    platform.execute("alter database candlewatch set pgrst.db_schemas = 'public,worker'")
    yield cron_database
    platform.execute("alter database candlewatch reset pgrst.db_schemas")


def advise(database: Database) -> list[dict[str, Any]]:
    """Return everything from a warning on."""
    said = supabase(
        "db",
        "advisors",
        f"--remote={url_of(database)}",
        *("--type", "all", "--level", "warn", "--fail-on", "none", "--output-format", "json"),
    )
    assert said.returncode == 0, said.stdout + said.stderr
    found: list[dict[str, Any]] = json.loads(said.stdout)["results"]
    return found


@pytest.fixture(scope="module")
def findings(exposed: Database) -> list[dict[str, Any]]:
    """Ask once for the tests that read."""
    return advise(exposed)


def test_there_is_no_error_and_no_warning_of_another_rule(findings: list[dict[str, Any]]) -> None:
    assert [f for f in findings if (f["level"], f["name"]) != ("WARN", RULE)] == []


def test_each_warning_has_its_reason_and_each_reason_its_warning(
    findings: list[dict[str, Any]],
) -> None:
    warned = [f"{f['metadata']['schema']}.{f['metadata']['name']}" for f in findings]

    assert sorted(warned) == sorted(EXCUSED)


def test_the_reasons_are_true(cron_database: Database) -> None:
    shapes = dict(
        cron_database.rows(
            "select n.nspname || '.' || p.proname, case when p.prosqlbody is not null then %s "
            "when p.prokind = 'p' and p.prosrc ~ 'commit;' then %s end "
            "from pg_proc as p join pg_namespace as n on n.oid = p.pronamespace "
            "where n.nspname = 'candlewatch'",
            [BOUND, COMMITS],
        )
    )

    assert {name: shapes[name] for name in EXCUSED} == EXCUSED


def test_the_linter_finds_nothing_in_the_functions(cron_database: Database) -> None:
    url = url_of(cron_database)

    said = supabase("db", "lint", f"--remote={url}", "--level", "warning", "--fail-on", "warning")

    assert said.returncode == 0, said.stdout + said.stderr
    assert "No schema errors found" in said.stdout + said.stderr


def test_an_offender_is_found_and_named(exposed: Database) -> None:
    exposed.run("create table public.offender (a int primary key)")
    exposed.run("grant select on public.offender to anon")
    try:
        found = advise(exposed)
    finally:
        exposed.run("drop table public.offender")

    assert ("ERROR", "rls_disabled_in_public", "offender") in [
        (f["level"], f["name"], f["metadata"]["name"]) for f in found
    ]
