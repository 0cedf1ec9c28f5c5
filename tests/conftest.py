"""Fixtures that every test may ask for; what they do stands in `tests/fixtures/`."""

from __future__ import annotations

import gc
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings
from tests.fixtures.clock import Clock
from tests.fixtures.database import Database, open_database
from tests.fixtures.rest import Rest, running_rest
from tests.fixtures.server import Server, make_template, running_server

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# The same examples every time; the long suites look for new ones.
settings.register_profile("same", derandomize=True)
settings.load_profile("same")

# A sixth of the suite's time went into looking for cycles among objects that last.
gc.set_threshold(200_000, 20, 20)


@pytest.fixture(scope="session")
def bare_server() -> Iterator[Server]:
    """Run one Postgres for the whole process, with roles and no database of ours."""
    with running_server() as server:
        yield server


@pytest.fixture(scope="session")
def server(bare_server: Server) -> Server:
    """Return the Postgres of the process, with the migrated template."""
    make_template(bare_server)
    return bare_server


@pytest.fixture
def database(server: Server) -> Iterator[Database]:
    """Give the test a migrated database of its own."""
    with open_database(server, server.clone()) as opened:
        yield opened


@pytest.fixture
def empty_database(bare_server: Server) -> Iterator[Database]:
    """Give the test a database as it is before the first migration."""
    with open_database(bare_server, bare_server.empty_database()) as opened:
        yield opened


@pytest.fixture
def clock(database: Database) -> Clock:
    """Freeze the clocks of the test's database."""
    return Clock(database)


@pytest.fixture
def rest(database: Database, tmp_path: Path) -> Iterator[Rest]:
    """Run PostgREST on the test's database."""
    with running_rest(database, tmp_path) as running:
        yield running


@pytest.fixture
def rest_url(rest: Rest) -> str:
    """Return PostgREST's address."""
    return rest.url


@pytest.fixture
def worker_token(rest: Rest) -> str:
    """Return a token of the functions' role."""
    return rest.token("candlewatch_worker")
