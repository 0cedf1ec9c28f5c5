"""The real pg_cron ticks: jobs are handed over by name, and what is due is found."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from tests.fixtures.project import SOURCE
from tests.fixtures.waiting import wait_for

if TYPE_CHECKING:
    from tests.fixtures.database import Database


def jobs(database: Database) -> list[tuple[Any, ...]]:
    return database.rows("select jobname, schedule, command from cron.job order by jobname")


def test_an_older_pg_cron_gets_a_job_a_minute_that_ticks_until_its_end(
    cron_database: Database,
) -> None:
    assert jobs(cron_database) == [
        ("candlewatch-tick", "* * * * *", "call candlewatch.tick_for_a_minute()")
    ]


def test_handing_the_schedule_over_twice_changes_nothing(cron_database: Database) -> None:
    before = jobs(cron_database)

    cron_database.run((SOURCE / "90_schedules.sql").read_text())

    assert jobs(cron_database) == before


@pytest.mark.timeout(200)
def test_ticks_fire_and_find_what_is_due(cron_database: Database) -> None:
    assert cron_database.one("select count(*) from candlewatch.tasks") == 0

    # The next minute begins within 60 s; its job ticks at once.
    wait_for(
        lambda: cron_database.one("select count(*) from candlewatch.tasks where kind = 'universe'"),
        "a tick that finds the list of symbols due",
        seconds=90,
    )

    started = cron_database.rows(
        "select command, status from cron.job_run_details where status = 'running'"
    )
    assert started == [("call candlewatch.tick_for_a_minute()", "running")]
