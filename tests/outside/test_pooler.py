"""Through PgBouncer in transaction mode nothing of a session is left; nothing of ours needs it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.fixtures import pooler
from tests.fixtures.database import Database, open_database
from tests.fixtures.rest import running_rest
from tests.fixtures.server import make_template, running_server

from candlewatch.local.migrations import apply_migrations

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

PROGRAM = "/usr/sbin/pgbouncer"


@pytest.fixture(scope="module")
def pooled() -> Iterator[Database]:
    """A migrated database behind the pooler."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(pooler.VARIABLE, PROGRAM)
        with running_server() as server:
            make_template(server)
            with open_database(server, server.clone()) as database:
                yield database


def test_what_a_session_would_remember_is_lost(pooled: Database) -> None:
    connections = [pooled.connect() for _ in range(3)]
    # Each of them in a transaction at once, so that the pooler has a connection for each.
    for connection in connections:
        connection.autocommit = False
        connection.execute("select 1")
    for connection in connections:
        connection.rollback()
        connection.autocommit = True

    connections[0].execute("select set_config('test.remembered', 'yes', false)")
    seen = {
        row[0]
        for connection in connections
        for row in connection.execute("select current_setting('test.remembered', true)")
    }

    assert seen & {None, ""}


def test_functions_work_through_postgrest_and_the_pooler(pooled: Database, tmp_path: Path) -> None:
    with running_rest(pooled, tmp_path) as rest:
        answers = [
            rest.call("candlewatch_worker", "start_run", arguments)
            for arguments in [{"p_function": "evaluate", "p_worker": "w", "p_cold": True}] * 20
        ]
        refused = rest.call("anon", "start_trader", {"p_trader": None})

    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.json()["run"] for answer in answers}) == 20
    assert refused.status_code in {401, 403, 404}


def test_migrations_and_ticks_work_through_the_pooler(pooled: Database, tmp_path: Path) -> None:
    (tmp_path / "20990101000000_add_note.sql").write_text("create table public.note (id int);")
    postgres = pooled.connect()
    postgres.execute("delete from supabase_migrations.schema_migrations")

    applied = [apply_migrations(postgres, tmp_path) for _ in range(2)]

    assert [len(done) for done in applied] == [1, 0]
    assert "failed" not in pooled.one("select candlewatch.tick()")
