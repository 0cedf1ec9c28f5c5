"""A token whose lease is over changes nothing, whatever it sends and however late it comes."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID, uuid4

from psycopg.types.json import Jsonb
from tests.fixtures.queue import call, claim, jobs_of, results

if TYPE_CHECKING:
    from tests.fixtures.queue import Market


def test_a_completion_after_the_end_of_the_lease_is_fenced(market: Market) -> None:
    market.run_traders(2)
    dispatch = market.close_and_enqueue()
    batch = market.claim(seconds=20)
    market.clock.advance(seconds=20)

    told = market.complete(batch, true=(0,))

    assert told["outcome"] == "fenced"
    assert market.database.one("select count(*) from public.signals") == 0
    assert market.counts(dispatch) == {"due": 2}


def test_a_late_completion_is_refused_after_the_job_was_reclaimed(market: Market) -> None:
    market.run_traders(2)
    market.close_and_enqueue()
    stale = market.claim(seconds=20)
    market.clock.advance(seconds=21)
    fresh = market.claim()

    assert jobs_of(fresh) == jobs_of(stale)
    assert market.complete(stale, true=(0,))["outcome"] == "fenced"
    assert market.complete(fresh, true=(1,))["signals"] == 2
    assert market.violations() == []


def test_a_lapsed_token_claims_nothing_again(market: Market) -> None:
    market.run_traders()
    market.close_and_enqueue()
    token = uuid4()
    market.claim(token, seconds=20)
    market.clock.advance(seconds=21)
    market.tick()

    assert market.claim(token)["jobs"] == []
    assert market.claim(token)["lease_until"] is None


def test_an_unknown_token_completes_nothing(market: Market) -> None:
    market.run_traders()
    market.close_and_enqueue()
    batch = market.claim()

    told = call(market.worker, "complete_batch", uuid4(), Jsonb(results(batch)))

    assert told["outcome"] == "fenced"


def test_an_extended_lease_is_live_beyond_its_first_end(market: Market) -> None:
    market.run_traders()
    market.close_and_enqueue()
    batch = market.claim(seconds=20)
    market.clock.advance(seconds=15)

    extended = market.call("extend_lease", UUID(batch["token"]), 20.0)

    assert extended == {"lease_until": "2026-01-05T12:05:35+00:00"}
    market.clock.advance(seconds=15)
    market.tick()
    assert market.complete(batch)["outcome"] == "done"


def test_a_lease_that_is_over_is_not_revived(market: Market) -> None:
    market.run_traders()
    market.close_and_enqueue()
    batch = market.claim(seconds=20)
    market.clock.advance(seconds=20)

    assert market.call("extend_lease", UUID(batch["token"]), 20.0) == {"outcome": "fenced"}


def test_released_jobs_are_ready_at_once_and_cost_no_attempt(market: Market) -> None:
    market.run_traders(3)
    market.close_and_enqueue()
    batch = market.claim()

    released = market.call("release_batch", UUID(batch["token"]))

    again = market.claim()
    assert released == {"outcome": "released", "jobs": 3}
    assert [job["attempt"] for job in again["jobs"]] == [1, 1, 1]
    assert market.call("release_batch", UUID(batch["token"]))["outcome"] == "fenced"
    assert market.violations() == []


def test_a_lapsed_lease_goes_back_with_the_next_claim(market: Market) -> None:
    market.run_traders(2)
    market.close_and_enqueue()
    lost = claim(market.worker, seconds=20)
    market.clock.advance(seconds=21)

    found = market.claim()

    assert jobs_of(found) == jobs_of(lost)
    assert market.database.rows("select outcome, job_ids from candlewatch.lease_log") == [
        ("expired", jobs_of(lost))
    ]
