"""Debian's Postgres 15 with the real pg_cron and plpgsql_check: what CI installs, others may."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest
from tests.fixtures.database import Database, open_database
from tests.fixtures.server import running_server
from tests.outside.supabase_cli import push

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.fixtures.server import Server

DEBIAN_15: Final = "/usr/lib/postgresql/15/bin"
CRON_DATABASE: Final = "candlewatch"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what needs more than the package registries give an ordinary user."""
    for item in items:
        if "/tests/outside/" in str(item.path):
            item.add_marker(pytest.mark.outside)


@pytest.fixture(scope="session")
def debian_server() -> Iterator[Server]:
    """Run Debian's Postgres 15 with pg_cron's scheduler."""
    settings = {
        "fsync": "off",
        "shared_preload_libraries": "pg_cron",
        "cron.database_name": CRON_DATABASE,
        "cron.use_background_workers": "on",
        "max_worker_processes": "20",
    }
    with running_server(settings, DEBIAN_15) as server:
        use_real_cron(server)
        yield server


def use_real_cron(server: Server) -> None:
    """Put Debian's pg_cron where the local stack has its stand-in."""
    extensions = Path("share", "postgresql", "15", "extension")
    ours = server.cluster.installation.programs.parents[3] / extensions
    for stand_in in ours.glob("pg_cron*"):
        stand_in.unlink()
    for real in (Path("/usr") / extensions).glob("pg_cron*"):
        (ours / real.name).symlink_to(real)


@pytest.fixture(scope="session")
def cron_database(debian_server: Server) -> Iterator[Database]:
    """Give all tests the one database in which pg_cron lives, as the Supabase CLI migrated it."""
    name = debian_server.empty_database(CRON_DATABASE)
    with debian_server.superuser(name) as superuser:
        # A hosted project lets `postgres` create these; elsewhere the superuser has to.
        superuser.execute("create extension pg_cron with schema pg_catalog")
        superuser.execute("grant usage on schema cron to postgres")
        superuser.execute("grant select, delete on cron.job_run_details to postgres")
        superuser.execute("create extension plpgsql_check with schema extensions")
    with open_database(debian_server, name) as database:
        pushed = push(database)
        assert pushed.returncode == 0, pushed.stdout + pushed.stderr
        yield database
