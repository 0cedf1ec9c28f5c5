"""The tick does what the rows say is due, however often it is called, and each step is bounded."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import uuid4

from psycopg.types.json import Jsonb
from tests.fixtures.queue import SYMBOLS, jobs_of

if TYPE_CHECKING:
    from tests.fixtures.queue import Market


def test_a_tick_on_an_idle_system_finds_nothing_wrong(market: Market) -> None:
    market.tick()
    counts = market.tick()

    assert counts["ingest"] == 0
    assert market.violations() == []


def test_a_close_that_running_traders_need_is_due_once(market: Market) -> None:
    market.run_traders(timeframe="5m")
    market.run_traders(timeframe="1h", filter="close > 1")

    first = market.tick()
    second = market.tick()

    assert (first["ingest"], second["ingest"]) == (1, 0)
    tasks = market.call("claim_tasks", uuid4(), "tester", "ingest", 5, 20.0)["tasks"]
    assert [task["payload"] for task in tasks] == [
        {"closes_at": "2026-01-05T12:00:00+00:00", "base": "5m", "timeframes": ["5m", "1h"]}
    ]


def test_nothing_is_fetched_while_no_trader_runs(market: Market) -> None:
    market.run_traders(enabled=False)

    assert market.tick()["ingest"] == 0


def test_after_an_outage_only_the_newest_close_is_due(market: Market) -> None:
    market.run_traders()
    market.tick()
    market.clock.advance(minutes=31)
    market.tick()

    assert market.database.rows(
        "select key, state from candlewatch.tasks where kind = 'ingest' order by key"
    ) == [("2026-01-05T12:00:00Z", "expired"), ("2026-01-05T12:30:00Z", "ready")]


def test_history_that_is_needed_is_backfilled_the_newest_first(market: Market) -> None:
    market.run_traders()
    market.tick()

    spans = []
    for _ in range(3):
        token = uuid4()
        (task,) = market.call("claim_tasks", token, "tester", "backfill", 9, 20.0)["tasks"]
        spans.append((task["payload"]["from"], task["payload"]["to"]))
        market.call("complete_task", token, task["id"], Jsonb({}))

    assert spans == [
        ("2026-01-03T18:20:00+00:00", "2026-01-05T11:50:00+00:00"),
        ("2026-01-01T23:00:00+00:00", "2026-01-03T18:15:00+00:00"),
        ("2025-12-31T04:00:00+00:00", "2026-01-01T22:55:00+00:00"),
    ]


def test_a_lapsed_lease_goes_back_with_the_next_tick(market: Market) -> None:
    market.run_traders(2)
    market.close_and_enqueue()
    batch = market.claim(seconds=20)
    market.clock.advance(seconds=20)

    assert market.tick()["lapsed"] == 2

    again = market.claim()
    assert jobs_of(again) == jobs_of(batch)
    assert [job["attempt"] for job in again["jobs"]] == [2, 2]
    assert market.complete(batch)["outcome"] == "fenced"
    assert market.complete(again)["slots"]["done"] == 2
    assert market.violations() == []


def test_ticks_enqueue_what_was_published_and_add_up_the_counts(market: Market) -> None:
    market.run_traders(3)
    (dispatch,) = market.close()

    assert market.tick()["enqueued"] == 3
    market.complete(market.claim(), true=(0,))
    market.tick()

    assert market.database.rows(
        "select due_count, done_count, signal_count from candlewatch.dispatches where id = %s",
        [dispatch],
    ) == [(3, 3, 3)]
    assert market.database.one("select count(*) from candlewatch.tallies") == 0


def test_a_tick_beside_another_returns_at_once(market: Market) -> None:
    other = market.database.connect(autocommit=False)
    other.execute("select candlewatch.tick()")

    assert market.database.one("select candlewatch.tick()") == {"busy": 1}


def test_a_late_frame_is_fetched_again(market: Market) -> None:
    market.run_traders()
    market.close(closes=[1.0, float("nan"), 3.0, 4.0])
    market.clock.advance(minutes=5)
    market.tick()

    assert market.database.rows(
        "select payload ->> 'from', payload ->> 'to' from candlewatch.tasks "
        "where key like 'repair %%'"
    ) == [("2026-01-05T12:00:00+00:00", "2026-01-05T12:00:00+00:00")]


def test_the_hourly_universe_is_planned_once_an_hour(market: Market) -> None:
    market.tick()
    market.tick()
    market.clock.advance(hours=1)
    market.tick()

    assert (
        market.database.one("select count(*) from candlewatch.tasks where kind = 'universe'") == 2
    )


def test_a_changed_list_of_symbols_reaches_the_universes(market: Market) -> None:
    market.run_traders()
    market.list_symbols((*SYMBOLS, "ADAUSDT"))
    market.call(
        "store_symbols",
        Jsonb([{"symbol": "BTCUSDT", "quote_asset": "USDT", "trading": True, "quote_volume": 5.0}]),
    )

    assert market.database.one("select bits::text from candlewatch.universes") == "10000"


def test_the_job_of_pg_cron_follows_the_row_of_the_tick(market: Market) -> None:
    database = market.database

    def jobs() -> list[tuple[str, ...]]:
        return database.rows("select j.jobname, j.schedule from cron.job as j")

    seen = [jobs()]
    for change in ("every = '7 seconds'", "enabled = false", "enabled = true"):
        database.run(f"update candlewatch.schedules set {change} where name = 'tick'")
        seen.append(jobs())

    named = "candlewatch-tick"
    assert seen == [[(named, "5 seconds")], [(named, "7 seconds")], [], [(named, "7 seconds")]]


def test_runs_of_pg_cron_that_never_started_are_pruned_with_their_neighbours(
    market: Market,
) -> None:
    superuser = market.database.connect("supabase_admin")
    superuser.execute(
        "insert into cron.job_run_details (runid, username, status, start_time) values "
        "(1, 'postgres', 'failed', null), (2, 'postgres', 'succeeded', '2026-01-01'), "
        "(3, 'postgres', 'failed', null), (4, 'postgres', 'running', '2026-01-03')"
    )

    removed = market.database.one("select candlewatch.prune_logs('2026-01-02', 10)")

    left = market.database.rows("select d.runid from cron.job_run_details as d order by d.runid")
    assert (removed, left) == (2, [(3,), (4,)])
