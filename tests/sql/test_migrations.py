"""`supabase/migrations` build the database that `sql/` describes, privileges included."""

from __future__ import annotations

import importlib.util
import subprocess
from typing import TYPE_CHECKING

from tests.fixtures.project import MIGRATIONS, PROJECT, SOURCE

from candlewatch.local import migrations

if TYPE_CHECKING:
    from types import ModuleType

    from tests.fixtures.server import Server

REFERENCE_TABLES = (
    "error_codes",
    "timeframes",
    "transitions",
    "settings",
    "functions",
    "schedules",
)


def dump(server: Server, database: str) -> str:
    """Return the schema with comments and privileges, and the rows that belong to it."""
    arguments = [
        server.cluster.installation.programs / "pg_dump",
        "--restrict-key=candlewatch",
        "--exclude-schema=supabase_migrations",
        f"--dbname={server.conninfo('supabase_admin', database)}",
    ]
    rows = [f"--table=candlewatch.{table}" for table in REFERENCE_TABLES]
    rows += ["--table=public.tiers", "--table=public.templates", "--data-only", "--inserts"]
    return _output(*arguments, "--schema-only") + _output(*arguments, *rows)


def test_migrations_and_source_build_the_same_database(bare_server: Server) -> None:
    migrated, built = bare_server.empty_database(), bare_server.empty_database()
    with bare_server.connect("postgres", migrated) as connection:
        migrations.apply_migrations(connection, MIGRATIONS)
    with bare_server.connect("postgres", built) as connection:
        migrations.apply_source(connection, SOURCE)

    assert dump(bare_server, migrated) == dump(bare_server, built)

    bare_server.drop(migrated)
    bare_server.drop(built)


def test_a_dump_tells_comments_and_privileges_apart(bare_server: Server) -> None:
    name = bare_server.empty_database()
    with bare_server.connect("postgres", name) as connection:
        migrations.apply_source(connection, SOURCE)
        before = dump(bare_server, name)
        connection.execute("comment on table public.traders is 'another'")
        commented = dump(bare_server, name)
        connection.execute("grant delete on public.tiers to authenticated")
        granted = dump(bare_server, name)
    bare_server.drop(name)

    assert len({before, commented, granted}) == 3


def test_migrations_are_what_the_source_gives() -> None:
    texts = {file.name: file.read_text() for file in MIGRATIONS.glob("*.sql")}

    assert texts == _generator().migrations(SOURCE)


def _generator() -> ModuleType:
    file = PROJECT / "supabase" / "build_migrations.py"
    spec = importlib.util.spec_from_file_location("build_migrations", file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _output(*arguments: object) -> str:
    done = subprocess.run(
        [str(argument) for argument in arguments], capture_output=True, text=True, check=True
    )
    return done.stdout
