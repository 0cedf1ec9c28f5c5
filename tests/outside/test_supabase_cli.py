"""The Supabase command line accepts the project: it pushes the migrations, and none twice."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.fixtures.factories import make_account
from tests.fixtures.project import MIGRATIONS, PROJECT
from tests.outside.supabase_cli import push

from candlewatch.local.migrations import apply_migrations

if TYPE_CHECKING:
    from tests.fixtures.database import Database


def test_all_migrations_were_pushed(cron_database: Database) -> None:
    versions = cron_database.rows(
        "select version from supabase_migrations.schema_migrations order by version"
    )

    files = sorted(MIGRATIONS.glob("*.sql"))
    assert [version for (version,) in versions] == [file.name.split("_")[0] for file in files]


def test_a_second_push_finds_nothing_to_do(cron_database: Database) -> None:
    said = push(cron_database)

    assert said.returncode == 0, said.stdout + said.stderr
    assert "up to date" in (said.stdout + said.stderr).lower()
    # `candlewatch migrate` keeps the same book.
    assert apply_migrations(cron_database.sql, MIGRATIONS) == []


def test_a_database_that_was_reset_is_pushed_again_and_works(cron_database: Database) -> None:
    user = make_account(cron_database)

    cron_database.run((PROJECT / "supabase" / "reset.sql").read_text())
    left = cron_database.one(
        "select count(*) from pg_class as c where c.relnamespace::regnamespace::text in "
        "('public', 'candlewatch', 'worker', 'monitor')"
    )
    pushed = push(cron_database)

    assert (left, pushed.returncode) == (0, 0), pushed.stdout + pushed.stderr
    assert cron_database.one("select tier from public.accounts where id = %s", [user]) == "free"
    assert "failed" not in cron_database.one("select candlewatch.tick()")
    assert (
        cron_database.one("select count(*) from cron.job where jobname = 'candlewatch-tick'") == 1
    )
