"""Each migration is applied once, whole or not at all, and remembered as the Supabase CLI does."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from candlewatch.errors import SetupError
from candlewatch.local.migrations import apply_migrations, apply_seed

if TYPE_CHECKING:
    from pathlib import Path

    from tests.fixtures.database import Database


def write(folder: Path, name: str, text: str) -> Path:
    file = folder / name
    file.write_text(text)
    return file


def test_only_what_is_missing_is_applied(empty_database: Database, tmp_path: Path) -> None:
    write(tmp_path, "1_create_a.sql", "create table public.a (id int primary key);")
    apply_migrations(empty_database.sql, tmp_path)
    write(tmp_path, "2_create_b.sql", "create table public.b (id int primary key);")

    applied = apply_migrations(empty_database.sql, tmp_path)

    assert [migration.name for migration in applied] == ["create_b"]
    assert empty_database.rows(
        "select version, name from supabase_migrations.schema_migrations order by version"
    ) == [("1", "create_a"), ("2", "create_b")]


def test_a_migration_that_fails_leaves_nothing_and_names_its_line(
    empty_database: Database, tmp_path: Path
) -> None:
    write(tmp_path, "1_break.sql", "create table public.a (id int);\n\nselect 1 from nowhere;\n")

    with pytest.raises(SetupError, match=r"1_break\.sql:3 failed: .*nowhere"):
        apply_migrations(empty_database.sql, tmp_path)

    assert empty_database.one("select to_regclass('public.a')") is None


def test_a_database_from_a_newer_version_is_refused(
    empty_database: Database, tmp_path: Path
) -> None:
    newer = write(tmp_path, "2_newer.sql", "select 1;")
    apply_migrations(empty_database.sql, tmp_path)
    newer.unlink()

    with pytest.raises(SetupError, match="newer Candlewatch"):
        apply_migrations(empty_database.sql, tmp_path)


def test_the_seed_runs_once(empty_database: Database, tmp_path: Path) -> None:
    apply_migrations(empty_database.sql, tmp_path)
    seed = write(tmp_path, "seed.sql", "create table public.seeded (id int);")

    assert [apply_seed(empty_database.sql, seed) for _ in range(2)] == [True, False]
