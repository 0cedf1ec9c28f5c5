"""A Postgres that is nobody's project, with the real pg_cron, is made ready by one command."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.fixtures.project import MIGRATIONS
from tests.fixtures.server import plain_server
from tests.outside.debian import PROGRAMS, cron_settings

from candlewatch.errors import SetupError
from candlewatch.local.bootstrap import prepare_plain
from candlewatch.local.migrations import apply_migrations

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.fixtures.server import Server


@pytest.fixture(scope="module", params=PROGRAMS)
def plain(request: pytest.FixtureRequest) -> Iterator[Server]:
    """Run a server that knows its superuser and has two databases; pg_cron serves one of them."""
    with plain_server(cron_settings("market"), str(PROGRAMS[request.param])) as server:
        with server.superuser() as superuser:
            superuser.execute("create database market")
            superuser.execute("create database another")
        yield server


def test_it_is_made_ready_and_migrated_and_pg_cron_has_its_job(plain: Server) -> None:
    for _ in range(2):
        with plain.superuser("market") as superuser:
            prepare_plain(superuser, plain.credentials.login_passwords)
        with plain.connect("postgres", "market") as postgres:
            apply_migrations(postgres, MIGRATIONS)

    with plain.connect("postgres", "market") as postgres:
        jobs = postgres.execute("select j.jobname, j.username from cron.job as j").fetchall()
    assert jobs == [("candlewatch-tick", "postgres")]


def test_a_database_that_pg_cron_does_not_serve_is_refused_with_a_sentence(plain: Server) -> None:
    with (
        plain.superuser("another") as superuser,
        pytest.raises(SetupError, match=r"pg_cron runs in database market, and this is another"),
    ):
        prepare_plain(superuser, {})


def test_an_extension_that_the_server_lacks_is_named(plain: Server) -> None:
    share = plain.cluster.installation.programs.parents[3] / "share" / "postgresql"
    control = next(share.glob("*/extension/pg_net.control"))
    text = control.read_text()
    control.unlink()
    try:
        with (
            plain.superuser("market") as superuser,
            pytest.raises(SetupError, match=r"^the server lacks pg_net: .*pg_config --sharedir"),
        ):
            prepare_plain(superuser, {})
    finally:
        control.write_text(text)
