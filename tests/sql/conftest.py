"""A migrated database for a whole module: for tests that read it or undo what they do."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.fixtures.database import Database, open_database
from tests.fixtures.rest import Rest, running_rest

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.fixtures.server import Server


@pytest.fixture(scope="module")
def schema(server: Server) -> Iterator[Database]:
    """Give the module a migrated database that its tests leave as it was."""
    with open_database(server, server.clone()) as opened:
        yield opened


@pytest.fixture
def undone(schema: Database) -> Iterator[Database]:
    """Give the test the module's database inside a transaction that is undone at its end.

    Everything has to go through `run`, `one` and `rows`: other connections see nothing of it.
    """
    with schema.sql.transaction(force_rollback=True):
        yield schema


@pytest.fixture(scope="module")
def api(schema: Database, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Rest]:
    """Run PostgREST on the module's database."""
    folder: Path = tmp_path_factory.mktemp("api")
    with running_rest(schema, folder) as running:
        yield running
