"""Stopping, editing or deleting a trader is final, at whatever moment of a claim or completion."""

from __future__ import annotations

from typing import TYPE_CHECKING
from uuid import UUID

import psycopg
import pytest
from tests.fixtures.factories import make_account
from tests.queue.gates import Gate, background, result_of, waits
from tests.queue.scene import answer, make_filter, make_running

if TYPE_CHECKING:
    from tests.queue.scene import Scene

STOP = "update public.traders set enabled = false where id = %s"
EDIT = "update public.traders set filter = 'close < open' where id = %s"
DELETE = "delete from public.traders where id = %s"
DELETE_ALL = "delete from public.traders where account_id = %s"
# Stops at the second trader while somebody holds the advisory lock.
DELETE_IN_TWO_STEPS = (
    "delete from public.traders where account_id = %s "
    "and case when id = %s then pg_advisory_xact_lock_shared(4711) is not null else true end"
)
DEADLOCKS = "select deadlocks from pg_stat_database where datname = current_database()"


def two_running(scene: Scene, account: UUID) -> tuple[UUID, UUID]:
    """Make two traders that run, the older one first, whose ids stand in the other order.

    Deleting takes traders as they come, that is the older one first; completing goes by ids.
    """
    older, younger = UUID(int=2), UUID(int=1)
    make_filter(scene.database)
    for trader in (older, younger):
        scene.database.run(
            "insert into public.traders (id, account_id, name, filter) "
            "values (%s, %s, 'n', 'close > open')",
            [trader, account],
        )
        scene.clock.advance(seconds=1)
    return older, younger


def test_a_trader_stopped_while_it_is_claimed_gives_no_signal(scene: Scene) -> None:
    trader = make_running(scene.database)
    scene.close()
    gate = Gate(scene.database, "candlewatch.leased")
    worker = scene.worker()
    with background() as pool:
        claim = pool.submit(worker.claim)
        waits(scene.database, worker.connection)
        scene.database.run(STOP, [trader])
        gate.open()
        batch = result_of(claim)

    worker.complete(batch["token"], answer(batch))

    assert scene.signals() == 0
    assert scene.ends() == ["skipped: the trader is not running: stopped"]
    assert scene.violations() == []


def test_a_trader_stopped_during_its_evaluation_gives_no_signal(scene: Scene) -> None:
    trader = make_running(scene.database)
    scene.close()
    worker = scene.worker()
    batch = worker.claim()
    scene.database.run(STOP, [trader])

    told = worker.complete(batch["token"], answer(batch))

    assert told["slots"]["skipped"] == 1
    assert scene.signals() == 0
    assert scene.violations() == []


def test_a_stop_waits_for_the_completion_that_was_first(scene: Scene) -> None:
    trader = make_running(scene.database)
    scene.close()
    worker, owner = scene.worker(), scene.database.connect()
    batch = worker.claim()
    gate = Gate(scene.database, "public.signals")
    with background() as pool:
        completion = pool.submit(worker.complete, batch["token"], answer(batch))
        waits(scene.database, worker.connection)
        stop = pool.submit(owner.execute, STOP.encode(), [trader])
        waits(scene.database, owner)
        gate.open()
        told = result_of(completion)
        result_of(stop)

    assert told["signals"] == 1
    assert scene.violations() == []


def test_a_completion_waits_for_the_stop_that_was_first_and_then_gives_no_signal(
    scene: Scene,
) -> None:
    trader = make_running(scene.database)
    scene.close()
    worker, owner = scene.worker(), scene.database.connect(autocommit=False)
    batch = worker.claim()
    owner.execute(STOP.encode(), [trader])
    with background() as pool:
        completion = pool.submit(worker.complete, batch["token"], answer(batch))
        waits(scene.database, worker.connection)
        owner.commit()
        told = result_of(completion)

    assert told["slots"]["skipped"] == 1
    assert scene.signals() == 0
    assert scene.violations() == []


def test_an_edit_during_the_evaluation_has_the_slot_evaluated_with_the_new_filter(
    scene: Scene,
) -> None:
    trader = make_running(scene.database)
    edited = make_filter(scene.database, "close < open")
    scene.close()
    worker = scene.worker()
    batch = worker.claim()
    scene.database.run(EDIT, [trader])

    told = worker.complete(batch["token"], answer(batch))
    scene.clock.advance(seconds=5)
    worker.enqueue()
    again = worker.claim()
    worker.complete(again["token"], answer(again))

    assert told["slots"]["retried"] == 1
    assert again["jobs"][0]["filters"] == [edited]
    assert scene.database.rows("select filter_id from public.signals") == [(edited,)]
    assert scene.violations() == []


def test_a_completion_waits_for_the_edit_that_was_first(scene: Scene) -> None:
    trader = make_running(scene.database)
    make_filter(scene.database, "close < open")
    scene.close()
    worker, owner = scene.worker(), scene.database.connect(autocommit=False)
    batch = worker.claim()
    owner.execute(EDIT.encode(), [trader])
    with background() as pool:
        completion = pool.submit(worker.complete, batch["token"], answer(batch))
        waits(scene.database, worker.connection)
        owner.commit()
        told = result_of(completion)

    assert told["slots"]["retried"] == 1
    assert scene.signals() == 0


def test_an_edit_waits_for_the_completion_that_was_first(scene: Scene) -> None:
    trader = make_running(scene.database)
    make_filter(scene.database, "close < open")
    scene.close()
    worker, owner = scene.worker(), scene.database.connect()
    batch = worker.claim()
    gate = Gate(scene.database, "public.signals")
    with background() as pool:
        completion = pool.submit(worker.complete, batch["token"], answer(batch))
        waits(scene.database, worker.connection)
        edit = pool.submit(owner.execute, EDIT.encode(), [trader])
        waits(scene.database, owner)
        gate.open()
        told = result_of(completion)
        result_of(edit)

    assert told["slots"]["done"] == 1
    assert scene.database.rows("select filter_id from public.signals") == [
        (batch["jobs"][0]["filters"][0],)
    ]


def test_an_edit_of_the_timeframe_skips_the_slot_of_the_old_one(scene: Scene) -> None:
    trader = make_running(scene.database)
    make_filter(scene.database, "close > open", "15m")
    scene.close()
    scene.database.run("update public.traders set timeframe = '15m' where id = %s", [trader])
    worker = scene.worker()

    batch = worker.claim()
    worker.complete(batch["token"], answer(batch))

    assert scene.signals() == 0
    assert scene.ends() == ["skipped: the timeframe was edited"]
    assert scene.violations() == []


def test_the_first_candle_of_a_new_timeframe_is_evaluated_though_it_opened_before_the_last_one(
    scene: Scene,
) -> None:
    trader = make_running(scene.database)
    make_filter(scene.database, "close > open", "15m")
    worker = scene.worker()
    for _ in range(2):
        scene.close()
        batch = worker.claim()
        worker.complete(batch["token"], answer(batch))
    scene.database.run("update public.traders set timeframe = '15m' where id = %s", [trader])
    scene.close(["5m", "15m"])

    batch = worker.claim()
    told = worker.complete(batch["token"], answer(batch, true="0001"))

    assert told["slots"]["done"] == 1
    assert told["signals"] == 1


def test_a_trader_deleted_during_its_evaluation_leaves_nothing(scene: Scene) -> None:
    trader = make_running(scene.database)
    scene.close()
    worker = scene.worker()
    batch = worker.claim()
    scene.database.run(DELETE, [trader])

    told = worker.complete(batch["token"], answer(batch))

    assert told["slots"]["skipped"] == 1
    assert scene.ends() == ["skipped: the trader was deleted"]
    assert scene.signals() == 0
    assert scene.violations() == []


def test_a_completion_waits_for_the_deletion_that_was_first(scene: Scene) -> None:
    trader = make_running(scene.database)
    scene.close()
    worker, owner = scene.worker(), scene.database.connect(autocommit=False)
    batch = worker.claim()
    owner.execute(DELETE.encode(), [trader])
    with background() as pool:
        completion = pool.submit(worker.complete, batch["token"], answer(batch))
        waits(scene.database, worker.connection)
        owner.commit()
        told = result_of(completion)

    assert told["slots"]["skipped"] == 1
    assert scene.signals() == 0
    assert scene.violations() == []


def test_a_deletion_and_a_completion_that_meet_halfway_do_not_deadlock(scene: Scene) -> None:
    trader = make_running(scene.database)
    scene.close()
    worker, owner = scene.worker(), scene.database.connect()
    batch = worker.claim()
    gate = Gate(scene.database, "public.signals")
    with background() as pool:
        completion = pool.submit(worker.complete, batch["token"], answer(batch))
        waits(scene.database, worker.connection)
        deletion = pool.submit(owner.execute, DELETE.encode(), [trader])
        waits(scene.database, owner)
        gate.open()
        told = result_of(completion)
        result_of(deletion)

    assert told["slots"]["done"] == 1
    assert scene.signals() == 0
    assert scene.database.one("select count(*) from public.trader_states") == 0
    assert scene.violations() == []


def test_an_account_deleted_during_an_evaluation_leaves_nothing_and_loses_no_count(
    scene: Scene,
) -> None:
    account = make_account(scene.database, tier="free")
    for _ in range(3):
        make_running(scene.database, account=account)
    scene.database.run("update candlewatch.settings set slots_per_job = 1")
    scene.close()
    worker = scene.worker()
    batch = worker.claim()
    scene.database.run("delete from auth.users where id = %s", [account])

    worker.complete(batch["token"], answer(batch))
    scene.database.run("select candlewatch.tick()")

    assert len(batch["jobs"]) == 2
    assert scene.signals() == 0
    assert scene.live() == {}
    assert scene.database.one("select leased_count from candlewatch.queue_state") == 0
    assert scene.counts() == {"due": 3, "skipped": 3}
    assert scene.violations() == []


def test_deleting_a_user_and_completing_its_work_wait_for_each_other(scene: Scene) -> None:
    account = make_account(scene.database)
    older, _ = two_running(scene, account)
    scene.close()
    worker, operator = scene.worker(), scene.database.connect()
    batch = worker.claim()
    holder = scene.database.connect(autocommit=False)
    holder.execute("select from public.traders as t where t.id = %s for update", [older])
    with background() as pool:
        deletion = pool.submit(operator.execute, b"delete from auth.users where id = %s", [account])
        waits(scene.database, operator)
        completion = pool.submit(worker.complete, batch["token"], answer(batch))
        waits(scene.database, worker.connection)
        holder.rollback()
        result_of(deletion)
        told = result_of(completion)

    assert told["slots"]["skipped"] == 2
    assert scene.database.one(DEADLOCKS) == 0
    assert scene.violations() == []


def test_a_start_that_meets_the_deletion_of_its_user_finds_no_trader(scene: Scene) -> None:
    account = make_account(scene.database)
    trader = make_running(scene.database, account=account, enabled=False)
    operator = scene.database.connect()
    owner = scene.database.connect("authenticated", user=account)
    gate = Gate(scene.database, "public.traders")
    with background() as pool:
        deletion = pool.submit(operator.execute, b"delete from auth.users where id = %s", [account])
        waits(scene.database, operator)
        start = pool.submit(owner.execute, b"select public.start_trader(%s)", [trader])
        waits(scene.database, owner)
        gate.open()
        result_of(deletion)
        with pytest.raises(psycopg.Error) as refused:
            result_of(start)

    assert refused.value.sqlstate == "CW004"
    assert scene.database.one(DEADLOCKS) == 0


def test_deleting_traders_in_one_statement_and_starting_one_of_them_wait_for_each_other(
    scene: Scene,
) -> None:
    account = make_account(scene.database)
    _, last = two_running(scene, account)
    user, owner = scene.database.connect(), scene.database.connect("authenticated", user=account)
    keeper, holder = scene.database.connect(), scene.database.connect(autocommit=False)
    keeper.execute("select pg_advisory_lock(4711)")
    holder.execute(
        "select from public.trader_states as s where s.trader_id = %s for update", [last]
    )
    with background() as pool:
        deletion = pool.submit(user.execute, DELETE_IN_TWO_STEPS.encode(), [account, last])
        waits(scene.database, user)
        start = pool.submit(owner.execute, b"select public.start_trader(%s)", [last])
        waits(scene.database, owner)
        keeper.execute("select pg_advisory_unlock(4711)")
        holder.rollback()
        result_of(start)
        result_of(deletion)

    assert scene.database.one(DEADLOCKS) == 0
    assert scene.database.one("select count(*) from public.traders") == 0
    assert scene.violations() == []


def test_deleting_traders_in_one_statement_and_completing_their_work_wait_for_each_other(
    scene: Scene,
) -> None:
    account = make_account(scene.database)
    two_running(scene, account)
    scene.close()
    worker, user = scene.worker(), scene.database.connect()
    batch = worker.claim()
    gate = Gate(scene.database, "candlewatch.trader_memory", "before delete")
    with background() as pool:
        deletion = pool.submit(user.execute, DELETE_ALL.encode(), [account])
        waits(scene.database, user)
        completion = pool.submit(worker.complete, batch["token"], answer(batch, true="0000"))
        waits(scene.database, worker.connection)
        gate.open()
        result_of(deletion)
        told = result_of(completion)

    assert told["slots"]["skipped"] == 2
    assert scene.database.one(DEADLOCKS) == 0
    assert scene.violations() == []


def test_an_account_is_not_deleted_without_its_user(scene: Scene) -> None:
    account = make_account(scene.database)

    with pytest.raises(psycopg.Error) as refused:
        scene.database.run("delete from public.accounts where id = %s", [account])

    assert refused.value.sqlstate == "CW006"
    assert refused.value.diag.message_hint == "delete the user; the account goes with it"


def test_a_stop_that_committed_stays_final_when_the_completion_is_repeated(scene: Scene) -> None:
    trader = make_running(scene.database)
    scene.close()
    worker = scene.worker()
    batch = worker.claim()
    scene.database.run(STOP, [trader])
    first = worker.complete(batch["token"], answer(batch))
    scene.database.run("update public.traders set enabled = true where id = %s", [trader])

    again = worker.complete(batch["token"], answer(batch))

    assert again == {**first, "outcome": "already"}
    assert scene.signals() == 0
