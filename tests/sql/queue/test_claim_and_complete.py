"""A slot that is due is claimed once, completed once, and its signals are written with its end."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID, uuid4

from tests.fixtures.queue import jobs_of

if TYPE_CHECKING:
    from tests.fixtures.queue import Market


def test_a_closed_candle_becomes_a_signal_of_each_matching_symbol(market: Market) -> None:
    (trader,) = market.run_traders()
    market.close()
    dispatch = market.close_and_enqueue()

    told = market.complete(market.claim(), true=(1, 3))

    assert told["outcome"] == "done"
    assert told["signals"] == 2
    assert market.database.rows(
        "select trader_id, symbol, price, change_pct, volume, dispatch_id from public.signals "
        "order by symbol"
    ) == [
        (trader, "ETHUSDT", 100.0, 0.0, 10.0, dispatch),
        (trader, "XRPUSDT", 100.0, 0.0, 10.0, dispatch),
    ]
    assert market.counts(dispatch) == {"due": 1, "done": 1, "signals": 2}
    assert market.violations() == []


def test_the_same_token_claims_the_same_batch_again(market: Market) -> None:
    market.run_traders(5)
    market.close_and_enqueue()
    token = uuid4()

    first = market.claim(token)

    assert len(first["jobs"]) == 5
    assert market.claim(token) == first
    assert market.claim()["jobs"] == []


def test_a_repeated_completion_is_told_what_was_done(market: Market) -> None:
    market.run_traders(3)
    dispatch = market.close_and_enqueue()
    batch = market.claim()
    told = market.complete(batch, true=(0,))

    again = market.complete(batch, true=(0,))

    assert again == {**told, "outcome": "already"}
    assert market.counts(dispatch) == {"due": 3, "done": 3, "signals": 3}


def test_a_part_of_a_batch_is_completed_and_the_rest_stays_leased(market: Market) -> None:
    market.run_traders(3)
    market.close_and_enqueue()
    batch = market.claim()
    first, *rest = jobs_of(batch)

    market.complete(batch, jobs=[first])

    assert jobs_of(market.claim(UUID(batch["token"]))) == rest
    assert market.complete(batch, jobs=[first])["outcome"] == "already"
    assert market.complete(batch)["slots"]["done"] == 2
    assert market.violations() == []
