"""A clock for tests that move it thousands of times: the database's clocks read it from a row.

Moving it is one update, which keeps every prepared plan; replacing the clocks' bodies would not.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from tests.fixtures.database import Database

NOON: Final = datetime(2026, 1, 5, 12, tzinfo=UTC)
"""A Monday, where all timeframes up to 4h begin."""

_MAKE: Final = """
create table candlewatch.test_clock (moment timestamptz not null);
create or replace function candlewatch.now() returns timestamptz language sql stable
  begin atomic select t.moment from candlewatch.test_clock as t; end;
create or replace function candlewatch.lease_clock() returns timestamptz language sql volatile
  begin atomic select t.moment from candlewatch.test_clock as t; end;
"""


class MovingClock:
    """The frozen time of a database, in a row that moves with the transaction of the mover."""

    def __init__(self, database: Database, moment: datetime = NOON) -> None:
        self._database = database
        self.moment = moment
        database.run(_MAKE)
        database.run("insert into candlewatch.test_clock values (%s)", [moment])

    def set(self, moment: datetime) -> None:
        """Move the clock to a moment."""
        self.moment = moment
        self._database.sql.execute(
            "update candlewatch.test_clock set moment = %s", [moment], prepare=True
        )

    def advance(self, **duration: float) -> datetime:
        """Move the clock on: `clock.advance(minutes=5)`; return the new time."""
        self.set(self.moment + timedelta(**duration))
        return self.moment
