"""The scene of a test of the queue: four symbols, a frozen clock, a worker."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.queue.moving_clock import NOON, MovingClock
from tests.queue.scene import Scene, make_symbols

if TYPE_CHECKING:
    from tests.fixtures.database import Database


@pytest.fixture
def scene(database: Database) -> Scene:
    """Give a market at noon, with no traders yet."""
    clock = MovingClock(database, NOON)
    make_symbols(database)
    return Scene(database, clock)
