"""Migrations and the seed, applied and recorded as the Supabase command line does it.

Each file of `supabase/migrations` is one transaction, together with its row in
`supabase_migrations.schema_migrations`; what is recorded is never applied again. `seed.sql` runs
once, after the first migrations.
"""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import psycopg

from candlewatch.errors import SetupError

if TYPE_CHECKING:
    from pathlib import Path

_NAME: Final = re.compile(r"(\d+)_(.*)\.sql")
_HISTORY: Final = """
create schema if not exists supabase_migrations;
create table if not exists supabase_migrations.schema_migrations (
  version text not null primary key,
  statements text[],
  name text
);
create table if not exists supabase_migrations.seed_files (
  path text not null primary key,
  hash text not null
);
"""


@dataclass(frozen=True)
class Migration:
    """One migration file."""

    version: str
    name: str
    file: Path


def migrations_in(folder: Path) -> list[Migration]:
    """Return the migrations of a folder, oldest first."""
    found = [(_NAME.fullmatch(file.name), file) for file in sorted(folder.glob("*.sql"))]
    return [Migration(match[1], match[2], file) for match, file in found if match]


def prepare_history(postgres: psycopg.Connection) -> None:
    """Create the tables that remember what was applied, if they are not there."""
    postgres.execute(_HISTORY)


def apply_migrations(postgres: psycopg.Connection, folder: Path) -> list[Migration]:
    """Apply what is missing, in order, each in its own transaction; return what was applied.

    Args:
        postgres: an autocommit connection as `postgres`.
        folder: `supabase/migrations`.

    Raises:
        SetupError: a migration failed, or the database knows one that the folder does not have.
    """
    prepare_history(postgres)
    rows = postgres.execute("select version from supabase_migrations.schema_migrations").fetchall()
    applied = {row[0] for row in rows}
    known = migrations_in(folder)
    unknown = sorted(applied - {migration.version for migration in known})
    if unknown:
        raise SetupError(
            f"the database has migration {unknown[-1]}, which {folder} does not have: it was made "
            "by a newer Candlewatch; update the project, or run `candlewatch reset` to start over"
        )
    missing = [migration for migration in known if migration.version not in applied]
    for migration in missing:
        _apply(postgres, migration)
    return missing


def apply_seed(postgres: psycopg.Connection, file: Path) -> bool:
    """Run the seed if it was not run yet; return whether it ran."""
    if not file.exists():
        return False
    with postgres.transaction():
        row = postgres.execute(
            "insert into supabase_migrations.seed_files (path, hash) values (%s, %s) "
            "on conflict do nothing returning path",
            [f"supabase/{file.name}", hashlib.sha256(file.read_bytes()).hexdigest()],
        ).fetchone()
        if row is not None:
            _run_file(postgres, file)
    return row is not None


def apply_source(postgres: psycopg.Connection, folder: Path) -> None:
    """Build a database from `sql/`, in path order, in one transaction.

    Functions may call one another whatever their order, so their bodies are not checked here.
    """
    with postgres.transaction():
        postgres.execute("set local check_function_bodies = off")
        for file in sorted(folder.rglob("*.sql")):
            _run_file(postgres, file)


def _apply(postgres: psycopg.Connection, migration: Migration) -> None:
    with postgres.transaction():
        _run_file(postgres, migration.file)
        postgres.execute(
            "insert into supabase_migrations.schema_migrations (version, statements, name) "
            "values (%s, %s, %s)",
            [migration.version, [migration.file.read_text()], migration.name],
        )


def _run_file(postgres: psycopg.Connection, file: Path) -> None:
    text = file.read_text()
    try:
        postgres.execute(text.encode())
    except psycopg.Error as exc:
        place = exc.diag.statement_position
        line = text.count("\n", 0, int(place) - 1) + 1 if place else 0
        where = f"{file}:{line}" if line else str(file)
        raise SetupError(f"{where} failed: {str(exc).splitlines()[0]}") from exc
