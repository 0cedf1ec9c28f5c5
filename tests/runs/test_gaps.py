"""What is missing is asked for until it is there; what the exchange does not have is marked.

Each test plays a fault, lets the plans of the tick find the gap, and looks at what people see.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pytest
from tests.exchange.staging import staged
from tests.runs.marketplace import CLOSE, Marketplace, deadline, marketplace

from candlewatch.runs.backfill import run_backfill

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.fixtures.database import Database
    from tests.fixtures.rest import Rest

FIVE: Final = timedelta(minutes=5)
UNKNOWN: Final = "unknown: asked for again every hour"
ABSENT: Final = "absent: the exchange does not have them"
MISSING: Final = "no frame: planned again within the hour"


@pytest.fixture
def place(database: Database, rest: Rest) -> Iterator[Marketplace]:
    with staged() as stage, marketplace(database, rest, stage) as made:
        made.list_symbols()
        database.run(
            "update candlewatch.settings set first_history_candles = 24, deep_history_candles = 24"
        )
        yield made


def plan(place: Marketplace, name: str) -> int:
    """Let the tick's plan of that name look for gaps; return how many tasks it added."""
    return int(place.database.one(f"select candlewatch.plan_{name}()"))


def heal(place: Marketplace) -> dict[str, int]:
    """Work off what was planned."""
    return run_backfill(place.worker, place.stage.client, "test", deadline())


def gaps(place: Marketplace) -> list[tuple[datetime, str, int | None, list[str]]]:
    """Return what the operator sees, oldest first."""
    rows: list[Any] = place.database.rows(
        "select g.open_time, g.state, g.candles, g.symbols from monitor.gaps as g "
        "where g.timeframe = '5m' order by g.open_time"
    )
    return rows


def forget(place: Marketplace, *open_times: datetime) -> None:
    place.database.run(
        "delete from candlewatch.frames where open_time = any(%s)", [list(open_times)]
    )


def test_frames_that_are_missing_are_shown_planned_and_fetched(place: Marketplace) -> None:
    plan(place, "history")
    heal(place)
    place.ingest()
    hole = [CLOSE - 9 * FIVE, CLOSE - 7 * FIVE]
    forget(place, *hole)
    shown = gaps(place)
    place.database.run("delete from candlewatch.tasks where kind = 'backfill'")

    planned = plan(place, "history")
    heal(place)

    assert [(moment, state) for moment, state, _, _ in shown] == [(each, MISSING) for each in hole]
    assert planned == 1
    assert gaps(place) == []
    assert np.array_equal(place.frames("5m", 24).values, place.true_candles("5m", 24))


def test_a_late_candle_is_shown_and_repaired_as_a_revision_without_a_second_dispatch(
    place: Marketplace,
) -> None:
    place.stage.script({"fault": "late", "symbol": "ETHUSDT", "seconds": 1800})
    place.ingest()
    shown = gaps(place)
    place.stage.script()
    place.move_to(CLOSE + timedelta(minutes=40))
    dispatched = place.database.one("select count(*) from candlewatch.dispatches")

    planned = plan(place, "repair")
    heal(place)

    assert shown == [(CLOSE - FIVE, UNKNOWN, 1, ["ETHUSDT"])]
    assert planned == 1
    assert gaps(place) == []
    repaired = place.frames("5m", 1)
    assert repaired.revisions.tolist() == [2]
    assert np.array_equal(repaired.values, place.true_candles("5m", 1))
    assert place.database.one("select count(*) from candlewatch.dispatches") == dispatched


def test_what_is_still_unknown_is_asked_for_again_every_hour_and_not_more_often(
    place: Marketplace,
) -> None:
    place.stage.script({"fault": "missing", "endpoint": "klines", "symbol": "ETHUSDT"})
    place.ingest()
    tasks = []
    for minutes in (10, 20, 70, 80):
        place.move_to(CLOSE + timedelta(minutes=minutes))
        plan(place, "repair")
        heal(place)
        tasks.append(len(place.tasks("backfill")))

    assert tasks == [1, 1, 2, 2]
    assert [state for _, state, _, _ in gaps(place)] == [UNKNOWN]


def test_what_the_exchange_does_not_have_a_day_later_is_marked_and_left_alone(
    place: Marketplace,
) -> None:
    place.database.run(
        "update candlewatch.settings set deep_history_candles = 400, first_history_candles = 1"
    )
    place.stage.script({"fault": "missing", "endpoint": "klines", "symbol": "ETHUSDT"})
    place.ingest()
    place.move_to(CLOSE + timedelta(hours=25))

    plan(place, "repair")
    heal(place)

    assert gaps(place) == [(CLOSE - FIVE, ABSENT, 1, ["ETHUSDT"])]
    assert plan(place, "repair") == 0
    assert place.frames("5m", 1).revisions.tolist() == [1]
    assert place.database.rows(
        "select h.unknown_candles, h.absent_candles from monitor.history as h"
    ) == [(0, 1)]


def test_one_answer_with_a_gap_in_old_candles_is_not_believed(place: Marketplace) -> None:
    place.stage.script({"fault": "gap", "endpoint": "klines", "symbol": "BTCUSDT"})
    since, until = CLOSE - timedelta(hours=40), CLOSE - timedelta(hours=39)
    span = {"timeframe": "5m", "from": since.isoformat(), "to": until.isoformat()}
    states = []
    for _ in range(2):
        place.add_task("backfill", span)
        heal(place)
        states.append([state for _, state, _, _ in gaps(place)])

    assert states == [[UNKNOWN], [ABSENT]]


def test_an_answer_that_cannot_be_read_marks_nothing(place: Marketplace) -> None:
    place.database.run("update candlewatch.settings set deep_history_candles = 400")
    place.stage.script({"fault": "missing", "endpoint": "klines", "symbol": "ETHUSDT"})
    place.ingest()
    place.stage.script({"fault": "nan", "endpoint": "klines", "symbol": "ETHUSDT"})
    place.move_to(CLOSE + timedelta(hours=25))

    plan(place, "repair")
    heal(place)

    assert gaps(place) == [(CLOSE - FIVE, UNKNOWN, 1, ["ETHUSDT"])]


def test_a_marked_candle_that_turns_up_is_a_revision_and_loses_its_mark(
    place: Marketplace,
) -> None:
    place.stage.script({"fault": "missing", "endpoint": "klines", "symbol": "ETHUSDT"})
    place.ingest()
    place.worker.mark_absent("5m", [CLOSE - FIVE])
    place.stage.script()

    span = {"from": (CLOSE - FIVE).isoformat(), "to": (CLOSE - FIVE).isoformat()}
    place.add_task("backfill", {"timeframe": "5m", **span})
    heal(place)

    assert gaps(place) == []
    assert place.frames("5m", 1).revisions.tolist() == [2]


def test_a_symbol_that_begins_to_trade_gets_its_history(place: Marketplace) -> None:
    place.stage.script({"fault": "symbol_status", "symbol": "ETHUSDT", "text": "BREAK"})
    place.list_symbols()
    plan(place, "history")
    heal(place)
    halted = np.isnan(place.frames("5m", 24).values[3, :, :-1]).any(axis=1).sum()
    place.stage.script()

    place.list_symbols()
    heal(place)

    assert halted == 1
    # The newest candle is an ingest's.
    assert np.array_equal(
        place.frames("5m", 24).values[:, :, :-1], place.true_candles("5m", 24)[:, :, :-1]
    )
    done = [task["state"] for task in place.tasks("backfill")]
    place.list_symbols()
    assert [task["state"] for task in place.tasks("backfill")] == done


def test_frames_beyond_those_that_are_kept_are_removed_oldest_first(place: Marketplace) -> None:
    plan(place, "history")
    heal(place)
    kept = place.database.one(
        "select t.kept_count from candlewatch.timeframes as t where t.name = '5m'"
    )
    place.move_to(CLOSE + (kept - 20) * FIVE)

    removed = [place.database.one("select candlewatch.prune_frames(3)") for _ in range(3)]

    oldest = place.database.one("select min(f.open_time) from candlewatch.frames as f")
    assert removed == [3, 1, 0]
    assert oldest == CLOSE - 20 * FIVE
