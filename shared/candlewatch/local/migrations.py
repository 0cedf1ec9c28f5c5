"""Migrations and the seed, applied and recorded as the Supabase command line does it, in traffic.

1. `apply_migrations`  each file of `supabase/migrations` that is not recorded yet, oldest first
2. `_apply`            one file and its row in `supabase_migrations.schema_migrations`: one
                       transaction, which waits for a lock for two seconds at most; whoever else
                       needs that lock waits behind it so long and no longer
3. `_persevere`        a transaction that did not get its lock is undone and tried again after a
                       pause, in which the traffic goes on
4. `apply_seed`        `seed.sql`, once

Nothing of the session is used: all of it works through a pooler that shares connections.
"""

from __future__ import annotations

import hashlib
import random
import re
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import psycopg

from candlewatch.errors import SetupError
from candlewatch.retries import RetryPolicy

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

LOCK_SECONDS: Final = 2
"""How long a migration waits for a lock, and others behind it."""
PATIENCE_SECONDS: Final = 300.0
"""How long a migration is tried again, unless the caller says otherwise."""

_PAUSES: Final = RetryPolicy(attempts=1_000, base_seconds=0.5, cap_seconds=5.0, call_seconds=0.0)
_IN_THE_WAY: Final = (psycopg.errors.LockNotAvailable, psycopg.errors.DeadlockDetected)

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
_OLDEST: Final = """
select format('process %s (%s%s), since %s', a.pid, a.usename,
  coalesce(', ' || nullif(a.application_name, ''), ''), to_char(a.xact_start, 'HH24:MI:SS'))
from pg_stat_activity as a
where a.datname = current_database() and a.pid <> pg_backend_pid() and a.xact_start is not null
order by a.xact_start
limit 1
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


def apply_migrations(
    postgres: psycopg.Connection,
    folder: Path,
    patience_seconds: float = PATIENCE_SECONDS,
    tell: Callable[[str], None] = lambda _: None,
) -> list[Migration]:
    """Apply what is missing, in order, each in its own transaction; return what was applied.

    It may run while the system works, and twice at a time. PostgREST is told to look again.

    Args:
        postgres: an autocommit connection as `postgres`.
        folder: `supabase/migrations`.
        patience_seconds: how long each migration is tried again while others hold its locks.
        tell: is told what happens, a sentence each time.

    Raises:
        SetupError: a migration failed or never got its locks, or the database knows one that the
            folder does not have.
    """
    prepare_history(postgres)
    applied = [
        migration
        for migration in _missing(postgres, folder)
        if _persevere(postgres, migration, patience_seconds, tell)
    ]
    if applied:
        postgres.execute("notify pgrst, 'reload schema'")
    return applied


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


def _missing(postgres: psycopg.Connection, folder: Path) -> list[Migration]:
    rows = postgres.execute("select version from supabase_migrations.schema_migrations").fetchall()
    applied = {row[0] for row in rows}
    known = migrations_in(folder)
    unknown = sorted(applied - {migration.version for migration in known})
    if unknown:
        raise SetupError(
            f"the database has migration {unknown[-1]}, which {folder} does not have: it was made "
            "by a newer Candlewatch; update the project, or run `candlewatch reset` to start over"
        )
    return [migration for migration in known if migration.version not in applied]


def _persevere(
    postgres: psycopg.Connection,
    migration: Migration,
    patience_seconds: float,
    tell: Callable[[str], None],
) -> bool:
    """Apply a migration as soon as its locks are free; return whether it was missing."""
    name = migration.file.name
    deadline = time.monotonic() + patience_seconds
    attempt = 1
    while True:
        started = time.monotonic()
        try:
            applied = _apply(postgres, migration)
        except _IN_THE_WAY as exc:
            pause = _PAUSES.pause(attempt, random.uniform)
            if time.monotonic() + pause > deadline:
                raise SetupError(
                    f"{name} did not get its locks within {patience_seconds:g} s and changed "
                    f"nothing: end the oldest transaction, that of {_oldest(postgres)}, and run it "
                    "again"
                ) from exc
            tell(f"{name} waits: others hold its locks (attempt {attempt})")
            time.sleep(pause)
            attempt += 1
        else:
            if applied:
                tell(f"{name} applied in {time.monotonic() - started:.2f} s")
            return applied


def _oldest(postgres: psycopg.Connection) -> str:
    row = postgres.execute(_OLDEST).fetchone()
    return str(row[0]) if row else "nobody any more"


def _apply(postgres: psycopg.Connection, migration: Migration) -> bool:
    with postgres.transaction():
        postgres.execute(f"set local lock_timeout = '{LOCK_SECONDS}s'")
        # Whoever applies the same migration at the same time waits here, and finds it done.
        postgres.execute(
            "select pg_advisory_xact_lock(hashtextextended('candlewatch.migrations', 0))"
        )
        row = postgres.execute(
            "insert into supabase_migrations.schema_migrations (version, statements, name) "
            "values (%s, %s, %s) on conflict do nothing returning version",
            [migration.version, [migration.file.read_text()], migration.name],
        ).fetchone()
        if row is not None:
            _run_file(postgres, migration.file)
    return row is not None


def _run_file(postgres: psycopg.Connection, file: Path) -> None:
    text = file.read_text()
    try:
        postgres.execute(text.encode())
    except _IN_THE_WAY:
        raise
    except psycopg.Error as exc:
        place = exc.diag.statement_position
        line = text.count("\n", 0, int(place) - 1) + 1 if place else 0
        where = f"{file}:{line}" if line else str(file)
        raise SetupError(f"{where} failed: {str(exc).splitlines()[0]}") from exc
