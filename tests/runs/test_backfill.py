"""History is stored whole and true, and a run that ended anywhere goes on where it was."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

import numpy as np
import pytest
from tests.exchange.staging import staged
from tests.runs.marketplace import CLOSE, Marketplace, deadline, marketplace

from candlewatch.runs.backfill import run_backfill

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.fixtures.database import Database
    from tests.fixtures.rest import Rest


@pytest.fixture
def place(database: Database, rest: Rest) -> Iterator[Marketplace]:
    with staged() as stage, marketplace(database, rest, stage) as made:
        made.list_symbols()
        yield made


def backfill(
    place: Marketplace,
    timeframe: str = "5m",
    since: datetime = CLOSE - timedelta(hours=2),
    until: datetime = CLOSE - timedelta(minutes=5),
    **more: object,
) -> dict[str, int]:
    payload = {"timeframe": timeframe, "from": since.isoformat(), "to": until.isoformat(), **more}
    place.add_task("backfill", payload)
    return run_backfill(place.worker, place.stage.client, "test", deadline())


def test_stored_history_equals_the_exchange(place: Marketplace) -> None:
    counts = backfill(place)

    assert counts["stored"] == 24
    assert np.array_equal(place.frames("5m", 24).values, place.true_candles("5m", 24))


@pytest.mark.parametrize("timeframe", ["1h", "1d", "1w"])
def test_long_timeframes_are_the_exchange_s_own(place: Marketplace, timeframe: str) -> None:
    backfill(place, timeframe, CLOSE - timedelta(weeks=5), CLOSE)

    stored = place.frames(timeframe, 4)
    assert np.array_equal(stored.values, place.true_candles(timeframe, 4), equal_nan=True)
    assert (stored.revisions == 1).all()


def test_the_forming_candle_is_not_stored(place: Marketplace) -> None:
    counts = backfill(place, until=CLOSE + timedelta(hours=1))

    assert counts["stored"] == 24


def test_more_than_a_chunk_is_stored_newest_chunk_first(place: Marketplace) -> None:
    counts = backfill(place, since=CLOSE - timedelta(minutes=5 * 700))

    assert (counts["chunks"], counts["stored"]) == (2, 700)
    assert np.array_equal(place.frames("5m", 700).values, place.true_candles("5m", 700))


def test_a_second_run_asks_for_nothing_and_stores_nothing(place: Marketplace) -> None:
    backfill(place)

    counts = backfill(place)

    assert (counts["calls"], counts["stored"], counts["revised"]) == (0, 0, 0)


def test_a_symbol_that_failed_is_fetched_by_the_next_run_alone(place: Marketplace) -> None:
    place.stage.script({"fault": "nan", "endpoint": "klines", "symbol": "ETHUSDT"})
    first = backfill(place)
    place.stage.script()

    second = backfill(place)

    assert (first["failed"], second["calls"], second["revised"]) == (1, 1, 24)
    stored = place.frames("5m", 24)
    assert np.array_equal(stored.values, place.true_candles("5m", 24))
    assert (stored.revisions == 2).all()


def test_a_gap_in_an_answer_leaves_that_candle_unknown_until_it_is_healed(
    place: Marketplace,
) -> None:
    place.stage.script({"fault": "gap", "endpoint": "klines", "symbol": "BTCUSDT"})
    backfill(place)
    unknown = np.isnan(place.frames("5m", 24).values[3]).sum()
    place.stage.script()

    backfill(place)

    assert unknown == 1
    assert np.isfinite(place.frames("5m", 24).values).all()


def test_a_revised_candle_raises_the_revision_when_it_is_fetched_again(
    place: Marketplace,
) -> None:
    backfill(place)
    dispatched = place.database.one("select count(*) from candlewatch.dispatches")
    place.stage.script({"fault": "revised", "symbol": "BTCUSDT", "seconds": 3600, "factor": 1.02})

    counts = backfill(place, refetch=True)

    assert counts["revised"] == 12
    assert place.frames("5m", 24).revisions.tolist() == [2] * 12 + [1] * 12
    assert place.database.one("select count(*) from candlewatch.dispatches") == dispatched


def test_a_refusal_keeps_what_is_stored_and_puts_the_rest_off(place: Marketplace) -> None:
    place.stage.script(
        {"fault": "status", "endpoint": "klines", "status": 429, "retry_after": 20, "skip": 5}
    )

    counts = backfill(place)

    assert counts["put_off"] == 1
    assert place.tasks("backfill")[0]["state"] == "ready"
    assert np.isfinite(place.frames("5m", 24).values[3]).any()
    assert place.stage.exchange.accounts.ignored == 0


def test_symbols_listed_in_between_are_unknown_before_and_known_after(
    place: Marketplace,
) -> None:
    place.stage.script({"fault": "missing", "endpoint": "klines", "symbol": "SOLUSDT"})

    counts = backfill(place)

    assert counts["failed"] == 0
    assert np.isnan(place.frames("5m", 24).values[3]).any(axis=1).sum() == 1


def test_an_absurd_price_is_not_stored_beside_true_ones(place: Marketplace) -> None:
    backfill(place, until=CLOSE - timedelta(minutes=10))
    place.stage.script(
        {"fault": "absurd", "endpoint": "klines", "symbol": "BTCUSDT", "factor": 1000}
    )

    counts = backfill(place, since=CLOSE - timedelta(minutes=5))

    assert counts["failed"] == 1
    assert np.isnan(place.frames("5m", 1).values[3, 0])


def test_no_task_is_spent_on_an_exchange_that_does_not_answer(place: Marketplace) -> None:
    place.stage.script({"fault": "status", "status": 503, "code": 0})

    counts = backfill(place)

    assert counts == {"tasks": 0, "exchange_closed": 1}
    attempts = place.database.one(
        "select t.attempt from candlewatch.tasks as t where t.kind = 'backfill'"
    )
    assert attempts == 0


def test_backfill_leaves_a_function_to_closes(place: Marketplace) -> None:
    for kind in ("backfill", "backfill", "backfill", "ingest"):
        place.add_task(kind, {})

    def claimed(kind: str, limit: int = 1) -> tuple[UUID, int]:
        token = uuid4()
        return token, len(place.worker.claim_tasks(token, "test", kind, limit, 60)["tasks"])

    first, second, close = claimed("backfill", 9), claimed("backfill"), claimed("ingest")
    task = place.worker.claim_tasks(first[0], "test", "backfill", 9, 60)["tasks"][0]["id"]
    place.worker.complete_task(first[0], task, {})

    assert [count for _, count in (first, second, close)] == [1, 0, 1]
    assert claimed("backfill")[1] == 1
