"""A slot that fails is tried again alone, a bounded number of times, and takes no other with it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.fixtures.factories import make_account, make_trader

if TYPE_CHECKING:
    from uuid import UUID

    from tests.fixtures.queue import Market


def two_filters(market: Market) -> tuple[UUID, UUID, int]:
    """Let one account have a good and a bad trader in one job; return them and the bad filter."""
    account = make_account(market.database)
    good = make_trader(market.database, account=account, filter="close > 1")
    bad = make_trader(market.database, account=account, filter="close > 2")
    market.accept_filters()
    number: int = market.database.one(
        "select filter_id from public.trader_states where trader_id = %s", [bad]
    )
    return good, bad, number


def fail(market: Market, batch: dict[str, Any], number: int) -> dict[str, Any]:
    """Complete a batch in which one filter failed."""
    dispatch = batch["dispatches"][0]["id"]
    pairs = {(job["dispatch"], n) for job in batch["jobs"] for n in job["filters"] if n != number}
    return market.complete(
        batch,
        filters=[{"dispatch": d, "filter": n, "true": "1000", "unknown": "0000"} for d, n in pairs],
        failed=[{"dispatch": dispatch, "filter": number, "reason": "division by zero"}],
    )


def test_the_slot_of_a_failing_filter_is_split_off_and_the_others_are_done(market: Market) -> None:
    _, bad, number = two_filters(market)
    dispatch = market.close_and_enqueue()
    batch = market.claim()
    assert len(batch["jobs"]) == 1

    told = fail(market, batch, number)

    assert told["slots"]["done"] == 1
    assert told["slots"]["retried"] == 1
    assert told["signals"] == 1
    assert market.claim()["jobs"] == []
    assert market.database.rows("select trader_ids, reason from candlewatch.retries") == [
        ([bad], "division by zero")
    ]
    assert market.counts(dispatch) == {"due": 2, "done": 1, "signals": 1}
    assert market.violations() == []


def test_a_retry_waits_for_its_back_off_and_then_runs_alone(market: Market) -> None:
    _, _, number = two_filters(market)
    market.close_and_enqueue()
    fail(market, market.claim(), number)

    assert market.enqueue() == 0
    market.clock.advance(seconds=2)
    assert market.enqueue() == 1

    batch = market.claim()
    assert [(job["attempt"], job["filters"]) for job in batch["jobs"]] == [(2, [number])]
    assert market.complete(batch)["slots"]["done"] == 1


def test_after_the_last_attempt_the_slot_has_failed_with_its_reason(market: Market) -> None:
    _, bad, number = two_filters(market)
    market.database.run("update candlewatch.settings set backoff_cap_seconds = 3")
    dispatch = market.close_and_enqueue()

    for _ in range(6):
        while (batch := market.claim())["jobs"]:
            fail(market, batch, number)
        market.clock.advance(seconds=3)
        market.enqueue()

    assert market.database.rows(
        "select trader_id, outcome, reason, attempt from candlewatch.slot_outcomes"
    ) == [(bad, "failed", "division by zero", 5)]
    assert market.counts(dispatch) == {"due": 2, "done": 1, "failed": 1, "signals": 1}
    assert market.violations() == []


def test_three_failed_slots_in_a_row_warn_and_five_stop_the_trader(market: Market) -> None:
    _, bad, number = two_filters(market)
    market.database.run("update candlewatch.settings set attempts_limit = 1")

    states = []
    for _ in range(5):
        market.close_and_enqueue()
        while (batch := market.claim())["jobs"]:
            fail(market, batch, number)
        states.append(
            market.database.rows(
                "select s.state, s.reason, coalesce(f.is_warned, false) from public.trader_states "
                "as s left join monitor.failing_traders as f on f.trader_id = s.trader_id "
                "where s.trader_id = %s",
                [bad],
            )[0]
        )

    assert states == [
        ("running", None, False),
        ("running", None, False),
        ("running", None, True),
        ("running", None, True),
        ("error", "division by zero", False),
    ]


def test_a_slot_that_is_done_ends_the_row_of_failures(market: Market) -> None:
    _, bad, number = two_filters(market)
    market.database.run("update candlewatch.settings set attempts_limit = 1")
    for _ in range(4):
        market.close_and_enqueue()
        fail(market, market.claim(), number)
    market.close_and_enqueue()

    market.complete(market.claim())

    assert market.database.rows(
        "select s.state, m.failure_count from public.trader_states as s "
        "join candlewatch.trader_memory as m on m.trader_id = s.trader_id where s.trader_id = %s",
        [bad],
    ) == [("running", 0)]


def test_a_job_without_results_is_tried_again(market: Market) -> None:
    market.run_traders(2)
    market.close_and_enqueue()

    told = market.complete(market.claim(), filters=[])

    assert told["slots"]["retried"] == 2
    assert market.violations() == []


def test_jobs_whose_workers_were_lost_twice_are_claimed_one_slot_at_a_time(market: Market) -> None:
    two_filters(market)
    market.close_and_enqueue()
    for _ in range(2):
        market.claim(seconds=20)
        market.clock.advance(seconds=20)
        market.tick()

    first, second, third = market.claim(), market.claim(), market.claim()

    assert [len(batch["jobs"]) for batch in (first, second, third)] == [1, 1, 0]
    assert [len(batch["jobs"][0]["filters"]) for batch in (first, second)] == [1, 1]
    assert market.violations() == []


def test_a_slot_whose_workers_are_always_lost_fails_with_that_reason(market: Market) -> None:
    (trader,) = market.run_traders()
    dispatch = market.close_and_enqueue()
    for _ in range(5):
        assert len(market.claim(seconds=20)["jobs"]) == 1
        market.clock.advance(seconds=20)
        market.tick()

    assert market.claim()["jobs"] == []
    assert market.database.rows(
        "select trader_id, outcome, reason from candlewatch.slot_outcomes"
    ) == [(trader, "failed", "its worker was lost 5 times")]
    assert market.counts(dispatch) == {"due": 1, "failed": 1}
    assert market.violations() == []
