"""pg_cron's job is what the tick's row in `candlewatch.schedules` says, by its name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from tests.fixtures.project import SOURCE

if TYPE_CHECKING:
    from tests.fixtures.database import Database
    from tests.outside.conftest import Debian


def jobs(database: Database) -> list[tuple[Any, ...]]:
    return database.rows("select jobname, schedule, command, username from cron.job order by jobid")


def wished(debian: Debian, every: str = "5 seconds") -> list[tuple[Any, ...]]:
    if debian.knows_seconds:
        return [("candlewatch-tick", every, "select candlewatch.tick()", "postgres")]
    return [("candlewatch-tick", "* * * * *", "call candlewatch.tick_for_a_minute()", "postgres")]


def test_the_job_ticks_by_the_second_or_for_a_minute(
    debian: Debian, cron_database: Database
) -> None:
    assert jobs(cron_database) == wished(debian)


def test_handing_the_schedule_over_twice_changes_nothing(cron_database: Database) -> None:
    before = jobs(cron_database), cron_database.one("select max(jobid) from cron.job")

    cron_database.run((SOURCE / "90_schedules.sql").read_text())

    assert (jobs(cron_database), cron_database.one("select max(jobid) from cron.job")) == before


def test_the_job_follows_its_row_whoever_edits_it(debian: Debian, cron_database: Database) -> None:
    superuser = cron_database.connect("supabase_admin")

    superuser.execute("update candlewatch.schedules set every = '9 seconds' where name = 'tick'")

    assert jobs(cron_database) == wished(debian, "9 seconds")
    cron_database.run("update candlewatch.schedules set every = '5 seconds' where name = 'tick'")
    assert jobs(cron_database) == wished(debian)


def test_a_disabled_tick_has_no_job_and_other_jobs_stay(
    debian: Debian, cron_database: Database
) -> None:
    cron_database.run("select cron.schedule('another', '0 0 * * *', 'select 1')")
    another = jobs(cron_database)[-1:]

    cron_database.run("update candlewatch.schedules set enabled = false where name = 'tick'")
    without = jobs(cron_database)
    cron_database.run("select candlewatch.schedule_ticks()")
    still_without = jobs(cron_database)

    cron_database.run("update candlewatch.schedules set enabled = true where name = 'tick'")
    assert (without, still_without) == (another, another)
    assert jobs(cron_database) == another + wished(debian)
    cron_database.run("select cron.unschedule('another')")


@pytest.mark.parametrize("every", ["1 minute", "1.5 seconds", "0 seconds"])
def test_an_interval_that_pg_cron_does_not_know_is_refused(
    cron_database: Database, every: str
) -> None:
    with pytest.raises(psycopg.errors.CheckViolation):
        cron_database.run(
            "update candlewatch.schedules set every = %s::interval where name = 'tick'", [every]
        )
