"""After an outage: who catches up sees the missed candles in order, as if nothing had happened."""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

import pytest
from tests.fixtures.factories import make_account
from tests.queue.moving_clock import NOON
from tests.queue.scene import answer, enqueue, make_running, packed_frame, publish

if TYPE_CHECKING:
    from collections.abc import Mapping
    from uuid import UUID

    from tests.queue.scene import Scene, Worker

LENGTH: Final = timedelta(minutes=5)


def store(scene: Scene, *candles: datetime) -> None:
    """Store frames as backfill does."""
    for candle in candles:
        scene.database.run("select candlewatch.store_frame('5m', %s, %s)", [candle, packed_frame()])


def tick(scene: Scene) -> None:
    """Do what a tick does for slots; nobody fetches history here, so none is planned."""
    for step in ("retries", "expired", "tallies", "caught up", "enqueued"):
        scene.database.run("select candlewatch.take_step(%s)", [step])


def evaluate(worker: Worker, truth: Mapping[datetime, str] | str = "1000") -> list[datetime]:
    """Claim what is ready and complete it by the truth of each candle; return the candles."""
    batch = worker.claim()
    at = {d["id"]: datetime.fromisoformat(d["candle_at"]) for d in batch["dispatches"]}
    if isinstance(truth, str):
        results = answer(batch, true=truth)
    else:
        pairs = {(job["dispatch"], f) for job in batch["jobs"] for f in job["filters"]}
        results = answer(batch, true={pair: truth[at[pair[0]]] for pair in pairs})
    worker.complete(batch["token"], results)
    return sorted(at.values())


def catch_up(scene: Scene, worker: Worker, truth: Any = "1000") -> list[datetime]:
    """Tick and evaluate until nothing is left; return the candles in the order of evaluation."""
    seen: list[datetime] = []
    for _ in range(24):
        tick(scene)
        enqueue(scene.database)
        while found := evaluate(worker, truth):
            seen += found
    return seen


def signals(scene: Scene, trader: UUID) -> list[tuple[datetime, str]]:
    """Return a trader's signals by candle and symbol."""
    return scene.database.rows(
        "select s.candle_at, s.symbol from public.signals as s where s.trader_id = %s "
        "order by s.candle_at, s.symbol",
        [trader],
    )


def ends(scene: Scene) -> dict[str, int]:
    """Return how slots ended, over all dispatches."""
    row = scene.database.rows(
        "select sum(due_count), sum(done_count), sum(expired_count) from monitor.dispatches"
    )[0]
    return dict(zip(("due", "done", "expired"), map(int, row), strict=True))


def test_missed_candles_are_evaluated_in_order_once_they_are_stored(scene: Scene) -> None:
    make_running(scene.database, catch_up_candles=5)
    worker = scene.worker()
    first = NOON
    scene.close()
    evaluate(worker)
    publish(scene.database, scene.clock.advance(minutes=20))
    tick(scene)
    enqueue(scene.database)
    before = evaluate(worker)
    missed = [first + LENGTH * n for n in range(1, 4)]
    store(scene, *missed)

    assert before == []
    assert catch_up(scene, worker) == [*missed, first + LENGTH * 4]
    assert ends(scene) == {"due": 5, "done": 5, "expired": 0}
    assert scene.violations() == []


def test_others_get_the_newest_candle_at_once_and_the_missed_ones_expire(scene: Scene) -> None:
    patient = make_running(scene.database, catch_up_candles=2, emit="every_candle")
    hasty = make_running(scene.database, emit="every_candle")
    worker = scene.worker()
    scene.close()
    evaluate(worker)
    publish(scene.database, scene.clock.advance(minutes=15))
    tick(scene)
    enqueue(scene.database)

    assert evaluate(worker) == [NOON + LENGTH * 3]
    assert [at for at, _ in signals(scene, hasty)] == [NOON, NOON + LENGTH * 3]
    assert [at for at, _ in signals(scene, patient)] == [NOON]
    store(scene, NOON + LENGTH, NOON + LENGTH * 2)
    catch_up(scene, worker)
    assert [at for at, _ in signals(scene, patient)] == [NOON + LENGTH * n for n in range(4)]
    assert ends(scene) == {"due": 8, "done": 6, "expired": 2}


def test_an_entry_is_told_at_the_candle_where_it_happened(scene: Scene) -> None:
    trader = make_running(scene.database, catch_up_candles=3)
    worker = scene.worker()
    truth = dict(
        zip((NOON + LENGTH * n for n in range(4)), ("0000", "1000", "1000", "1100"), strict=True)
    )
    scene.close()
    evaluate(worker, truth)
    publish(scene.database, scene.clock.advance(minutes=15))
    store(scene, NOON + LENGTH, NOON + LENGTH * 2)
    catch_up(scene, worker, truth)

    assert signals(scene, trader) == [
        (NOON + LENGTH, "S0USDT"),
        (NOON + LENGTH * 3, "S1USDT"),
    ]


def test_more_than_a_trader_catches_up_with_is_counted_as_expired(scene: Scene) -> None:
    make_running(scene.database, catch_up_candles=2)
    worker = scene.worker()
    scene.close()
    evaluate(worker)
    publish(scene.database, scene.clock.advance(minutes=30))
    store(scene, *(NOON + LENGTH * n for n in range(1, 6)))

    assert catch_up(scene, worker) == [NOON + LENGTH * n for n in (4, 5, 6)]
    assert ends(scene) == {"due": 7, "done": 4, "expired": 3}
    assert scene.violations() == []


def test_candles_that_close_meanwhile_wait_their_turn_and_the_bound_moves_on(scene: Scene) -> None:
    make_running(scene.database, catch_up_candles=2)
    worker = scene.worker()
    scene.close()
    evaluate(worker)
    publish(scene.database, scene.clock.advance(minutes=15))
    scene.close()
    store(scene, NOON + LENGTH, NOON + LENGTH * 2)

    assert catch_up(scene, worker) == [NOON + LENGTH * n for n in (2, 3, 4)]
    assert scene.ends() == ["expired: more candles were missed than the trader catches up with"]
    scene.close()
    assert evaluate(worker) == [NOON + LENGTH * 5]
    assert scene.violations() == []


def test_a_candle_that_is_never_fetched_expires_and_those_after_it_follow(scene: Scene) -> None:
    make_running(scene.database, catch_up_candles=5)
    worker = scene.worker()
    scene.close()
    evaluate(worker)
    publish(scene.database, scene.clock.advance(minutes=15))
    store(scene, NOON + LENGTH * 2)
    early = catch_up(scene, worker)
    scene.clock.advance(minutes=11)

    assert early == []
    assert catch_up(scene, worker) == [NOON + LENGTH * 2, NOON + LENGTH * 3]
    assert scene.ends() == ["expired: the candle was missed and could not be fetched in time"]
    assert scene.violations() == []


def test_history_that_is_still_being_fetched_is_waited_for(scene: Scene) -> None:
    make_running(scene.database, catch_up_candles=5)
    worker = scene.worker()
    scene.close()
    evaluate(worker)
    publish(scene.database, scene.clock.advance(minutes=10))
    store(scene, NOON + LENGTH)
    task = scene.database.one(
        "select candlewatch.add_task('backfill', 'hole', jsonb_build_object('timeframe', '5m', "
        "'from', %s::timestamptz, 'to', %s::timestamptz))",
        [NOON - LENGTH * 9, NOON - LENGTH * 3],
    )

    assert task is not None
    assert catch_up(scene, worker) == []
    scene.database.run(
        "update candlewatch.tasks set state = 'done', ended_at = candlewatch.lease_clock() "
        "where kind = 'backfill'"
    )
    assert catch_up(scene, worker) == [NOON + LENGTH, NOON + LENGTH * 2]


@pytest.mark.parametrize("state", ["ready", "to be retried", "not enqueued"])
def test_slots_that_a_newer_candle_overtook_are_kept_for_those_who_catch_up(
    scene: Scene, state: str
) -> None:
    account = make_account(scene.database)
    patient = make_running(scene.database, account=account, catch_up_candles=3)
    make_running(scene.database, account=account)
    worker = scene.worker()
    if state == "not enqueued":
        publish(scene.database, scene.clock.advance(minutes=5))
    else:
        scene.close()
    if state == "to be retried":
        batch = worker.claim()
        pairs = [(job["dispatch"], f) for job in batch["jobs"] for f in job["filters"]]
        worker.complete(batch["token"], answer(batch, failed=pairs))
    scene.close()

    catch_up(scene, worker, {NOON: "1000", NOON + LENGTH: "1100"})
    assert signals(scene, patient) == [(NOON, "S0USDT"), (NOON + LENGTH, "S1USDT")]
    assert ends(scene) == {"due": 4, "done": 3, "expired": 1}
    assert scene.violations() == []


def test_a_slot_on_its_way_is_waited_for(scene: Scene) -> None:
    trader = make_running(scene.database, catch_up_candles=3)
    scene.database.run("update candlewatch.settings set lease_seconds_limit = 900")
    worker = scene.worker()
    scene.close()
    batch = worker.claim(lease_seconds=900)
    scene.close()
    early = catch_up(scene, scene.worker("other"), "1100")
    worker.complete(batch["token"], answer(batch, true="1000"))

    assert early == []
    assert catch_up(scene, worker, "1100") == [NOON + LENGTH]
    assert signals(scene, trader) == [(NOON, "S0USDT"), (NOON + LENGTH, "S1USDT")]


def test_a_trader_that_was_stopped_meanwhile_sees_none_of_it(scene: Scene) -> None:
    trader = make_running(scene.database, catch_up_candles=3)
    worker = scene.worker()
    scene.close()
    evaluate(worker, "0000")
    publish(scene.database, scene.clock.advance(minutes=15))
    scene.database.run("update public.traders set enabled = false where id = %s", [trader])
    store(scene, NOON + LENGTH, NOON + LENGTH * 2)

    assert catch_up(scene, worker) == []
    assert signals(scene, trader) == []
    assert scene.violations() == []


def play(scene: Scene, rng: random.Random, truth: Mapping[datetime, str]) -> None:
    """Let candles close or be missed, in every state of what came before them."""
    worker, candles = scene.worker(), list(truth)
    missed: list[datetime] = []
    for at in candles:
        closes_at = scene.clock.advance(minutes=5)
        if candles[0] < at < candles[-1] and rng.random() < 0.3:
            missed.append(at)
            continue
        publish(scene.database, closes_at)
        if rng.random() < 0.5:
            store(scene, *missed)
            missed.clear()
        for _ in range(rng.randrange(4)):
            tick(scene)
        if rng.random() < 0.7:
            enqueue(scene.database)
        for _ in range(rng.randrange(3)):
            evaluate(worker, truth)
    store(scene, *missed)
    catch_up(scene, worker, truth)


def undisturbed(truth: Mapping[datetime, str], *, on_entry: bool) -> list[tuple[datetime, str]]:
    """Return what a trader is told when nothing goes wrong."""
    told, before = [], "0000"
    for at, bits in truth.items():
        for position, bit in enumerate(bits):
            if bit == "1" and not (on_entry and before[position] == "1"):
                told.append((at, f"S{position}USDT"))
        before = bits
    return told


@pytest.mark.parametrize("seed", range(4))
def test_outages_of_every_kind_change_nothing_for_who_catches_up(scene: Scene, seed: int) -> None:
    rng = random.Random(seed)
    patient = [
        make_running(scene.database, catch_up_candles=48, emit=emit)
        for emit in ("on_entry", "every_candle")
    ]
    for _ in range(3):
        make_running(scene.database)
    scene.database.run("update candlewatch.settings set catch_up_patience = '1 day'")
    truth = {NOON + LENGTH * n: "".join(rng.choice("01") for _ in range(4)) for n in range(24)}
    play(scene, rng, truth)

    assert signals(scene, patient[0]) == undisturbed(truth, on_entry=True)
    assert signals(scene, patient[1]) == undisturbed(truth, on_entry=False)
    assert scene.live() == {}
    total = ends(scene)
    assert total["due"] == 5 * len(truth) == total["done"] + total["expired"]
    assert scene.violations() == []
