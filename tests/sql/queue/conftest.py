"""The market of a test of the queue."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.fixtures.queue import Market

if TYPE_CHECKING:
    from tests.fixtures.clock import Clock
    from tests.fixtures.database import Database


@pytest.fixture
def market(database: Database, clock: Clock) -> Market:
    """A market of four symbols at noon, with no traders yet."""
    made = Market(database, clock)
    made.list_symbols()
    return made
