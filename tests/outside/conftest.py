"""Debian's Postgres with the real pg_cron and plpgsql_check: what CI installs, others may.

Debian 12 has Postgres 15 with pg_cron 1.4, whose jobs start by the minute; Debian 13 has Postgres
17 with pg_cron 1.6, whose jobs start by the second (`.ci/debian-13` unpacks it). Tests run on both.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import pytest
from tests.fixtures.database import Database, open_database
from tests.fixtures.server import running_server
from tests.outside.debian import PROGRAMS, cron_settings
from tests.outside.supabase_cli import push
from tests.outside.witness import Witness

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.fixtures.server import Server

CRON_DATABASE: Final = "candlewatch"


@dataclass(frozen=True)
class Debian:
    """A server with pg_cron's scheduler, of one major version."""

    server: Server
    major: str

    @property
    def knows_seconds(self) -> bool:
        """Whether its pg_cron starts jobs by the second."""
        return self.major != "15"


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what needs more than the package registries give an ordinary user.

    Tests of one server share the one database in which pg_cron lives: they stay together.
    """
    for item in items:
        if "/tests/outside/" in str(item.path):
            item.add_marker(pytest.mark.outside)
            major = next((name for name in PROGRAMS if f"[{name}" in item.name), item.name)
            item.add_marker(pytest.mark.xdist_group(f"Postgres {major}"))


@pytest.fixture(scope="session", params=PROGRAMS)
def debian(request: pytest.FixtureRequest) -> Iterator[Debian]:
    """Run Debian's Postgres with pg_cron's scheduler."""
    with running_server(cron_settings(CRON_DATABASE), str(PROGRAMS[request.param])) as server:
        yield Debian(server, request.param)


@pytest.fixture(scope="session")
def cron_database(debian: Debian) -> Iterator[Database]:
    """Give all tests the one database in which pg_cron lives, as the Supabase CLI migrated it."""
    name = debian.server.empty_database(CRON_DATABASE)
    with debian.server.superuser(name) as superuser:
        superuser.execute("create extension plpgsql_check with schema extensions")
    with open_database(debian.server, name) as database:
        pushed = push(database)
        assert pushed.returncode == 0, pushed.stdout + pushed.stderr
        yield database


@pytest.fixture(scope="session")
def witness(cron_database: Database) -> Witness:
    """Give a witness of all ticks of the database."""
    return Witness(cron_database)
