"""`bootstrap` and `migrate` bring a plain Postgres to the newest migration, however often."""

from __future__ import annotations

import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from tests.fixtures.command import lines
from tests.fixtures.project import ENVIRONMENT, MIGRATIONS
from tests.fixtures.server import plain_server

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.fixtures.database import Database
    from tests.fixtures.server import Server

NEWEST = max(file.name for file in MIGRATIONS.glob("*.sql"))


@pytest.fixture(scope="module")
def plain() -> Iterator[Server]:
    """Run a Postgres that knows its superuser and nobody else."""
    with plain_server() as server:
        with server.superuser() as superuser:
            superuser.execute("create database market")
        yield server


def command(name: str, url: str = "", **variables: str) -> subprocess.CompletedProcess[str]:
    environment = ENVIRONMENT | variables | {"CANDLEWATCH_DATABASE_URL": url}
    return subprocess.run(
        [sys.executable, "-m", "candlewatch.cli.main", name],
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.timeout(240)
def test_a_plain_postgres_is_made_ready_and_migrated_and_again_changes_nothing(
    plain: Server,
) -> None:
    superuser = plain.conninfo("supabase_admin", "market")
    passwords = {
        f"CANDLEWATCH_{role.upper()}_PASSWORD": word
        for role, word in plain.credentials.login_passwords.items()
    }

    made = [command("bootstrap", superuser, **words) for words in (passwords, {})]
    migrated = [command("migrate", plain.conninfo("postgres", "market")) for _ in range(2)]

    assert [done.returncode for done in (*made, *migrated)] == [0] * 4, (made, migrated)
    assert f"{NEWEST} applied in " in migrated[0].stdout
    assert migrated[1].stdout == f"up to date: {NEWEST}\n"
    with plain.connect("postgres", "market") as postgres:
        row = postgres.execute(
            "select (select rolsuper from pg_roles where rolname = current_user), "
            "(select count(*) from supabase_migrations.schema_migrations)"
        ).fetchone()
        counts = postgres.execute("select candlewatch.tick()").fetchone()
    assert row == (False, len(list(MIGRATIONS.glob("*.sql"))))
    assert counts is not None
    assert "failed" not in counts[0]


@pytest.mark.parametrize("name", ["bootstrap", "migrate"])
def test_a_database_that_is_not_named_or_does_not_answer_is_a_sentence(name: str) -> None:
    nameless = command(name)
    silent = command(name, "postgresql://somebody:secret@127.0.0.1:1/market")

    assert [done.returncode for done in (nameless, silent)] == [1, 1]
    assert [len(lines(done)) for done in (nameless, silent)] == [1, 1]
    assert "--database-url" in nameless.stderr
    assert "cannot connect to the database" in silent.stderr
    assert "secret" not in silent.stderr


def test_the_status_of_a_database_says_whether_it_ticks_and_fails_when_it_does_not(
    database: Database,
) -> None:
    never = command("status", database.conninfo())
    database.run("select candlewatch.tick()")
    ticked = command("status", database.conninfo())
    database.run(
        "update candlewatch.schedules set last_at = now() - interval '61 seconds' "
        "where name = 'tick'"
    )
    stopped = command("status", database.conninfo())

    assert [done.returncode for done in (never, ticked, stopped)] == [1, 0, 1], stopped
    assert never.stdout.startswith("health     stopped, last tick never\n")
    assert ticked.stdout.startswith("health     starting, last tick 20")
    assert stopped.stdout.startswith("health     stopped, last tick 20")
