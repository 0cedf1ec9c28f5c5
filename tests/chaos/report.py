"""What a rehearsal showed: how each slot ended, and the judge's word on the signals.

The judge is the storm's: it walks over each trader's candles, leaving out those whose slots did not
end as done, because there nothing was decided.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from tests.chaos.judge import entries
from tests.chaos.scene import Candle

if TYPE_CHECKING:
    from uuid import UUID

    from tests.chaos.judge import Signal
    from tests.chaos.scene import Order
    from tests.fixtures.database import Database

LENGTH: Final = timedelta(minutes=1)

_DISPATCHES: Final = """
select d.id, d.candle_at, d.kind, d.due_count, d.done_count, d.expired_count
from monitor.dispatches as d
where d.timeframe = '1m' and d.kind <> 'manual'
order by d.candle_at
"""
_NOT_DONE: Final = "select o.dispatch_id, o.trader_id from candlewatch.slot_outcomes as o"
_CANDLES: Final = """
select c.symbol, c.open_time, c.open, c.high, c.low, c.close, c.volume
from public.candles as c
where c.timeframe = '1m'
"""
_SIGNALS: Final = "select s.trader_id, s.symbol, s.candle_at from public.signals as s"


@dataclass(frozen=True)
class Cast:
    """The traders, the symbols by position, and the market's time when all traders started."""

    orders: list[Order]
    symbols: list[str]
    started_at: datetime


@dataclass(frozen=True)
class Report:
    """What a rehearsal showed.

    Attributes:
        closes: candles that closed while the traders ran, as far as the market went.
        holes: of them without a dispatch, which would say what became of their slots.
        missed: of them never published: nothing ticked.
        due: slots.
        done: of them evaluated.
        expired: of them overtaken by a newer candle, or missed.
        unaccounted: of them neither.
        signals: that there are.
        missing: signals that must exist and do not.
        extra: signals that exist and must not.
        duplicates: signals that exist twice.
        violations: rows of `monitor.violations`.
        wakes_seen: requests of which every third was lost; 0 where none was.
        noticed_seconds: from the stop of pg_cron until the health function said so; 0 for never.
    """

    closes: int
    holes: int
    missed: int
    due: int
    done: int
    expired: int
    unaccounted: int
    signals: int
    missing: int
    extra: int
    duplicates: int
    violations: list[tuple[Any, ...]]
    wakes_seen: int
    noticed_seconds: float

    @property
    def right(self) -> bool:
        """Whether nothing is wrong, and there was something to be right about."""
        wrong = (self.holes, self.unaccounted, self.missing, self.extra, self.duplicates)
        return not any(wrong) and not self.violations and self.done > 0 and self.signals > 0


def report_on(database: Database, cast: Cast, noticed_seconds: float) -> Report:
    """Report on a system in which everything has ended."""
    dispatches = [row for row in database.rows(_DISPATCHES) if row[3]]
    traders = len(cast.orders)
    first = dispatches[0][1]
    last = database.one("select candlewatch.candle_start('1m', candlewatch.market_now())") - LENGTH
    closes = int((last - first) / LENGTH) + 1
    due, done, expired = (sum(row[place] for row in dispatches) for place in (3, 4, 5))
    there: list[Signal] = [(who, symbol, at) for who, symbol, at in database.rows(_SIGNALS)]
    must = _must_exist(database, cast, dispatches)
    seen = database.one("select to_regclass('public.wakes_seen') is not null")
    return Report(
        closes=closes,
        holes=closes - len(dispatches) + int(first > cast.started_at),
        missed=sum(row[2] == "missed" for row in dispatches),
        due=due,
        done=done,
        expired=expired,
        unaccounted=abs(traders * closes - due) + abs(due - done - expired),
        signals=len(there),
        missing=len(must - set(there)),
        extra=len(set(there) - must),
        duplicates=len(there) - len(set(there)),
        violations=database.rows("select v.* from monitor.violations as v"),
        wakes_seen=database.one("select last_value from public.wakes_seen") if seen else 0,
        noticed_seconds=noticed_seconds,
    )


def _must_exist(database: Database, cast: Cast, dispatches: list[tuple[Any, ...]]) -> set[Signal]:
    candles: dict[tuple[str, datetime], Candle] = {
        (symbol, opened_at): Candle(*figures)
        for symbol, opened_at, *figures in database.rows(_CANDLES)
    }
    not_done: set[tuple[int, UUID]] = {(row[0], row[1]) for row in database.rows(_NOT_DONE)}
    published = [(row[0], row[1]) for row in dispatches if row[2] == "scheduled"]
    return {
        (order.trader, cast.symbols[position], opened_at)
        for order in cast.orders
        for position in order.universe
        for opened_at in entries(
            order.filter,
            (
                (candle_at, candles.get((cast.symbols[position], candle_at)))
                for number, candle_at in published
                if (number, order.trader) not in not_done
            ),
        )
    }
