"""A desk for every test of moving."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.moving.stage import Desk, open_desk

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from tests.fixtures.database import Database
    from tests.fixtures.rest import Rest


@pytest.fixture
def desk(database: Database, rest: Rest, tmp_path: Path) -> Iterator[Desk]:
    """Run a gateway over the test's database."""
    with open_desk(database, rest, tmp_path) as opened:
        yield opened
