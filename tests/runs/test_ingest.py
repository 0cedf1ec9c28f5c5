"""What just closed is published once, right, together, and only what is known for certain."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import numpy as np
import pytest
from tests.exchange.staging import staged
from tests.runs.marketplace import CLOSE, Marketplace, deadline, marketplace

from candlewatch.exchange.budget import MemoryBudget
from candlewatch.runs.backfill import run_backfill
from candlewatch.runs.ingest import run_ingest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.fixtures.database import Database
    from tests.fixtures.rest import Rest


@pytest.fixture
def place(database: Database, rest: Rest) -> Iterator[Marketplace]:
    with staged() as stage, marketplace(database, rest, stage) as made:
        made.list_symbols()
        yield made


def backfill(place: Marketplace, timeframe: str, hours: float) -> None:
    """Store the history up to, but without, the candle that closes at noon."""
    length = timedelta(minutes=5) if timeframe == "5m" else timedelta(hours=1)
    payload = {
        "timeframe": timeframe,
        "from": (CLOSE - timedelta(hours=hours)).isoformat(),
        "to": (CLOSE - 2 * length).isoformat(),
    }
    place.add_task("backfill", payload)
    run_backfill(place.worker, place.stage.client, "test", deadline())


def test_a_close_is_published_as_the_exchange_shows_it(place: Marketplace) -> None:
    counts = place.ingest()

    assert counts["candles"] == len(place.stage.exchange.source.symbols)
    assert counts["late"] == 0
    assert np.array_equal(place.frames("5m", 1).values, place.true_candles("5m", 1))


def test_longer_candles_that_close_with_it_are_derived_and_published_together(
    place: Marketplace,
) -> None:
    backfill(place, "5m", hours=5)

    counts = place.ingest("15m", "1h", "4h")

    for timeframe in ("15m", "1h", "4h"):
        stored, true = place.frames(timeframe, 1).values, place.true_candles(timeframe, 1)
        assert np.allclose(stored, true, rtol=1e-12, atol=0)
        assert np.array_equal(stored[:5], true[:5])
    assert (counts["audited"], counts["differing"]) == (6, 0)
    published = place.database.one(
        "select count(distinct f.stored_at) from candlewatch.frames as f "
        "where f.open_time + candlewatch.candle_length(f.timeframe) = %s",
        [CLOSE],
    )
    assert published == 1


def test_a_derived_candle_that_differs_from_the_exchange_s_own_is_told_to_the_operator(
    place: Marketplace,
) -> None:
    backfill(place, "5m", hours=2)
    place.stage.script({"fault": "revised", "interval": "1h", "seconds": 0, "factor": 1.02})

    counts = place.ingest("1h")
    run = place.worker.start_run("ingest", "test", cold=True)
    place.worker.end_run(run, "done", {f"ingest_{name}": count for name, count in counts.items()})

    assert (counts["audited"], counts["differing"]) == (2, 2)
    assert place.database.rows("select * from monitor.violations") == [
        (
            "derived candles are the exchange's own",
            f"run {run}",
            "2 of 2 audited candles differ",
        )
    ]


def test_a_longer_candle_that_misses_a_part_is_unknown(place: Marketplace) -> None:
    backfill(place, "5m", hours=2)

    place.ingest("1h", "4h")

    assert np.isfinite(place.frames("1h", 1).values).all()
    assert np.isnan(place.frames("4h", 1).values).all()


def test_a_close_does_not_wait_for_history_that_used_up_its_share(
    database: Database, rest: Rest
) -> None:
    budget = MemoryBudget(300, clock=lambda: CLOSE)
    with staged(budget=budget) as stage, marketplace(database, rest, stage) as place:
        place.list_symbols()
        since = CLOSE - timedelta(days=30)
        span = {"from": since.isoformat(), "to": CLOSE.isoformat(), "timeframe": "5m"}
        place.add_task("backfill", span)
        history = run_backfill(place.worker, stage.client, "test", deadline(40))

        counts = place.ingest()

    assert history["put_off"] == 1
    assert place.tasks("backfill")[0]["reason"] == (
        f"the weight budget of {stage.server.url} is used up"
    )
    assert (counts["late"], counts["rounds"]) == (0, 1)


def test_the_exchange_s_clock_is_read_once_for_each_round(place: Marketplace) -> None:
    place.stage.script(
        {"fault": "clock", "endpoint": "time", "seconds": 0},
        {"fault": "late", "symbol": "ETHUSDT", "seconds": 5},
    )

    counts = place.ingest()

    assert counts["rounds"] > 2
    assert place.stage.fired()[0] == counts["rounds"]


def test_a_late_candle_is_waited_for(place: Marketplace) -> None:
    place.stage.script({"fault": "late", "symbol": "ETHUSDT", "seconds": 5})

    counts = place.ingest()

    assert counts["late"] == 0
    assert counts["rounds"] > 2
    assert place.stage.fired()[0] > 2
    assert np.array_equal(place.frames("5m", 1).values, place.true_candles("5m", 1))


def test_a_symbol_that_is_too_late_is_unknown_and_the_others_are_published(
    place: Marketplace,
) -> None:
    place.stage.script({"fault": "late", "symbol": "ETHUSDT", "seconds": 3600})

    counts = place.ingest()

    stored = place.frames("5m", 1)
    position = next(
        item["position"]
        for item in place.worker.load_symbols()["symbols"]
        if item["symbol"] == "ETHUSDT"
    )
    assert counts["late"] == 1
    assert np.isnan(stored.values[:, position]).all()
    assert np.isfinite(np.delete(stored.values, position, axis=1)).all()


def test_an_open_candle_is_never_published(place: Marketplace) -> None:
    place.stage.exchange.clock.move_to(CLOSE - timedelta(seconds=3))

    place.ingest()

    assert np.array_equal(place.frames("5m", 1).values, place.true_candles("5m", 1))
    assert place.stage.exchange.clock.now() >= CLOSE


def test_an_exchange_whose_clock_is_far_behind_puts_the_task_off(place: Marketplace) -> None:
    place.stage.script({"fault": "clock", "endpoint": "time", "seconds": -600})

    counts = place.ingest()

    assert counts["put_off"] == 1
    assert place.tasks("ingest") == [
        {"state": "ready", "reason": "by the exchange's clock the candle closes in 598.0 s"}
    ]
    assert place.frames("5m", 1).revisions[0] == 0


def test_an_exchange_that_refuses_everything_puts_the_task_off(place: Marketplace) -> None:
    place.stage.script({"fault": "status", "endpoint": "klines", "status": 429, "retry_after": 30})

    counts = place.ingest()

    assert counts["put_off"] == 1
    assert place.frames("5m", 1).revisions[0] == 0
    assert place.stage.exchange.accounts.ignored == 0


def test_the_same_close_is_published_once(place: Marketplace) -> None:
    place.ingest()
    dispatched = place.database.one("select count(*) from candlewatch.dispatches")

    place.stage.script({"fault": "revised", "seconds": 0, "factor": 1.02})
    counts = place.ingest()

    assert counts["dispatches"] == 0
    assert place.database.one("select count(*) from candlewatch.dispatches") == dispatched
    assert np.array_equal(place.frames("5m", 1).values, place.true_candles("5m", 1))


def test_a_worker_that_lost_its_lease_publishes_nothing(place: Marketplace) -> None:
    def lose_the_lease(seconds: float) -> None:
        place.advance(seconds)
        place.database.run(
            "update candlewatch.tasks as t set token = gen_random_uuid() where t.kind = 'ingest'"
        )

    place.stage.exchange.clock.move_to(CLOSE - timedelta(seconds=1))
    place.add_task("ingest", {"closes_at": CLOSE.isoformat(), "base": "5m", "timeframes": ["5m"]})
    counts = run_ingest(place.worker, place.stage.client, "test", deadline(), lose_the_lease)

    assert counts["fenced"] == 1
    assert place.frames("5m", 1).revisions[0] == 0


def test_an_absurd_price_is_as_good_as_none(place: Marketplace) -> None:
    place.ingest(closes_at=CLOSE)
    place.stage.script({"fault": "absurd", "symbol": "BTCUSDT", "factor": 1000})
    next_close = CLOSE + timedelta(minutes=5)
    place.move_to(next_close + timedelta(seconds=2))

    counts = place.ingest(closes_at=next_close)

    assert counts["late"] == 1
    assert place.stage.fired()[0] > 1
    assert np.isnan(place.frames("5m", 1, next_close).values[:, 0]).all()
