"""One API per module of tests: its tests sign up users of their own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.api.stage import Api, serving
from tests.fixtures.database import open_database
from tests.fixtures.rest import running_rest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.fixtures.server import Server


@pytest.fixture(scope="module")
def api(server: Server, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Api]:
    """Run gateway, functions and PostgREST over a database with candles."""
    folder = tmp_path_factory.mktemp("api")
    with (
        open_database(server, server.clone()) as database,
        running_rest(database, folder) as rest,
        serving(database, rest, folder) as running,
    ):
        yield running
