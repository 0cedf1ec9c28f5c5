"""Every job is served in its turn: late publishers, tenants at their cap, lost workers, poison."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.fixtures.factories import make_account
from tests.queue.gates import background, result_of, waits
from tests.queue.scene import answer, enqueue, make_running, publish

if TYPE_CHECKING:
    from uuid import UUID

    from tests.queue.scene import Scene, Worker


def tenants_with_jobs(scene: Scene, tier: str, jobs: int, tenants: int = 1) -> list[UUID]:
    """Make accounts whose every trader is a job of its own."""
    scene.database.run("update candlewatch.settings set slots_per_job = 1")
    accounts = [make_account(scene.database, tier=tier) for _ in range(tenants)]
    for account in accounts:
        for _ in range(jobs):
            make_running(scene.database, account=account)
    return accounts


def served(scene: Scene, worker: Worker, limit: int) -> list[UUID]:
    """Claim and complete a batch; return whose jobs they were."""
    batch = worker.claim(limit=limit)
    owners = [
        account
        for (account,) in scene.database.rows(
            "select l.account_id from candlewatch.leased as l where l.token = %s order by l.tag",
            [batch["token"]],
        )
    ]
    if owners:
        worker.complete(batch["token"], answer(batch, true="0000"))
    return owners


def test_jobs_of_a_publisher_that_commits_late_are_served_next_after_a_tick(scene: Scene) -> None:
    crowd = tenants_with_jobs(scene, "elite", jobs=40, tenants=3)
    (dispatch,) = publish(scene.database, scene.clock.advance(minutes=5))
    scene.database.run("delete from candlewatch.enqueues where dispatch_id = %s", [dispatch])
    (late,) = tenants_with_jobs(scene, "elite", jobs=1)
    add = (
        "select candlewatch.add_jobs(array_agg(row(null, s.account_id, %s::bigint, s.trader_id, "
        "null, null, 0::smallint, 0::smallint, 1::float8, null, null)::candlewatch.verdict)) "
        "from public.trader_states as s where s.account_id = any (%s)"
    )
    slow = scene.database.connect(autocommit=False)
    slow.execute(add.encode(), [dispatch, [late]])
    scene.database.run(add, [dispatch, crowd])
    scene.database.run(
        "insert into candlewatch.tallies (dispatch_id, due_count) values (%s, 121)", [dispatch]
    )
    worker = scene.worker()
    for _ in range(6):
        assert late not in served(scene, worker, 10)

    slow.commit()
    scene.database.run("select candlewatch.tick()")

    assert served(scene, worker, 10)[0] == late
    assert scene.violations() == []


def test_jobs_of_a_late_publisher_are_served_without_any_tick_once_nothing_else_is_ready(
    scene: Scene,
) -> None:
    tenants_with_jobs(scene, "elite", jobs=20)
    scene.close()
    worker = scene.worker()
    while served(scene, worker, 7):
        pass
    (late,) = tenants_with_jobs(scene, "elite", jobs=1)
    scene.close()
    scene.database.run("update candlewatch.ready set tag = 0.001 where account_id = %s", [late])
    scene.database.run(
        "update candlewatch.seats set first_tag = 0.001, head_tag = 0.001 where account_id = %s",
        [late],
    )

    seen = set()
    while owners := served(scene, worker, 7):
        seen.update(owners)

    assert late in seen
    assert scene.live() == {}


def test_a_tenant_at_its_cap_is_served_first_when_it_has_room_again(scene: Scene) -> None:
    (small,) = tenants_with_jobs(scene, "free", jobs=3)
    tenants_with_jobs(scene, "elite", jobs=30, tenants=2)
    scene.database.run(
        "update candlewatch.seats set concurrency_limit = 1 where account_id = %s", [small]
    )
    scene.close()
    worker, slow = scene.worker(), scene.worker("slow")
    held = slow.claim(limit=1)
    while small not in (
        owner for (owner,) in scene.database.rows("select account_id from candlewatch.leased")
    ):
        slow.complete(held["token"], answer(held, true="0000"))
        held = slow.claim(limit=1)
    for _ in range(4):
        assert small not in served(scene, worker, 10)

    slow.complete(held["token"], answer(held, true="0000"))

    assert served(scene, worker, 1) == [small]
    assert served(scene, worker, 1) == [small]
    assert scene.violations() == []


def test_a_tenant_that_somebody_holds_is_passed_over_and_not_waited_for(scene: Scene) -> None:
    first, second = tenants_with_jobs(scene, "elite", jobs=1, tenants=2)
    scene.close()
    blocker = scene.database.connect(autocommit=False)
    blocker.execute("select from candlewatch.tenants where account_id = %s for update", [first])

    assert served(scene, scene.worker(), 10) == [second]
    blocker.rollback()
    assert served(scene, scene.worker(), 10) == [first]


def test_claims_wait_for_no_enqueue(scene: Scene) -> None:
    tenants_with_jobs(scene, "elite", jobs=2)
    scene.close()
    (other,) = tenants_with_jobs(scene, "elite", jobs=2)
    publish(scene.database, scene.clock.advance(minutes=10))
    slow = scene.database.connect(autocommit=False)
    slow.execute("select worker.enqueue_ready(1000)")
    slow.execute("select worker.enqueue_ready(1000)")
    worker = scene.worker()

    worker.claim()
    slow.rollback()
    enqueue(scene.database)

    assert other in served(scene, worker, 10)


def test_a_share_follows_the_weight(scene: Scene) -> None:
    light, heavy = (
        tenants_with_jobs(scene, "free", jobs=1)[0],
        tenants_with_jobs(scene, "elite", jobs=1)[0],
    )
    scene.database.run("update public.tiers set traders_limit = 500, running_limit = 500")
    scene.database.run("update candlewatch.seats set concurrency_limit = 500")
    scene.database.run(
        "update candlewatch.seats set weight = case account_id when %s then 1 else 3 end", [light]
    )
    for account in (light, heavy):
        for _ in range(99):
            make_running(scene.database, account=account)
    scene.close()
    worker = scene.worker()

    owners = [owner for _ in range(20) for owner in served(scene, worker, 4)]

    assert len(owners) == 80
    assert abs(owners.count(heavy) - 60) <= 3


def test_a_crash_loop_ends_as_failed_with_the_reason_and_takes_nobody_with_it(
    scene: Scene,
) -> None:
    account = make_account(scene.database)
    poison, *others = (make_running(scene.database, account=account) for _ in range(5))
    scene.close()
    worker = scene.worker()
    for _ in range(200):
        batch = worker.claim(lease_seconds=1)
        if not batch["jobs"] and scene.live() == {}:
            break
        traders = {
            trader
            for (ids,) in scene.database.rows(
                "select l.trader_ids from candlewatch.leased as l where l.token = %s",
                [batch["token"]],
            )
            for trader in ids
        }
        if batch["jobs"] and poison not in traders:
            worker.complete(batch["token"], answer(batch))
        scene.clock.advance(seconds=1)

    assert scene.ends() == ["failed: its worker was lost 5 times"]
    assert scene.counts() == {"due": 5, "done": 4, "failed": 1}
    assert len(others) == 4
    assert scene.violations() == []


def test_five_failed_candles_in_a_row_stop_a_trader_with_the_reason(scene: Scene) -> None:
    trader = make_running(scene.database)
    scene.database.run("update candlewatch.settings set attempts_limit = 1")
    worker = scene.worker()
    for _ in range(5):
        scene.close()
        batch = worker.claim()
        pairs = [(job["dispatch"], f) for job in batch["jobs"] for f in job["filters"]]
        worker.complete(batch["token"], answer(batch, failed=pairs))

    assert scene.database.rows(
        "select s.state, s.reason, m.failure_count from public.trader_states as s "
        "join candlewatch.trader_memory as m on m.trader_id = s.trader_id where s.trader_id = %s",
        [trader],
    ) == [("error", "it broke", 5)]
    assert scene.close() == []


def test_a_slot_that_fails_after_its_trader_was_stopped_is_no_failure_of_the_trader(
    scene: Scene,
) -> None:
    trader = make_running(scene.database)
    scene.database.run("update candlewatch.settings set attempts_limit = 1")
    scene.database.run("update candlewatch.trader_memory set failure_count = 8")
    scene.close()
    lost = scene.worker().claim(lease_seconds=1)
    scene.database.run("update public.traders set enabled = false where id = %s", [trader])
    scene.clock.advance(seconds=2)

    scene.worker().claim()

    assert len(lost["jobs"]) == 1
    assert scene.ends() == ["failed: its worker was lost 1 times"]
    assert scene.database.rows(
        "select s.state, m.failure_count, m.last_candle_at from public.trader_states as s "
        "join candlewatch.trader_memory as m on m.trader_id = s.trader_id where s.trader_id = %s",
        [trader],
    ) == [("stopped", 8, None)]


def test_what_a_newer_candle_overtook_expires_and_is_counted(scene: Scene) -> None:
    make_running(scene.database)
    scene.close()
    scene.close()
    worker = scene.worker()
    batch = worker.claim()
    worker.complete(batch["token"], answer(batch))

    assert len(batch["jobs"]) == 1
    assert scene.counts() == {"due": 2, "done": 1, "expired": 1}
    assert scene.ends() == ["expired: a newer candle closed before this one was evaluated"]


def test_candles_of_an_outage_are_counted_as_expired(scene: Scene) -> None:
    make_running(scene.database)
    scene.close()
    publish(scene.database, scene.clock.advance(minutes=20))
    enqueue(scene.database)
    batch = scene.worker().claim()

    assert len(batch["dispatches"]) == 1
    assert (
        scene.database.rows(
            "select d.kind, d.due_count, d.expired_count from candlewatch.dispatches as d "
            "where d.kind = 'missed'"
        )
        == [("missed", 1, 1)] * 3
    )


def test_two_enqueuers_make_no_slot_twice(scene: Scene) -> None:
    for _ in range(6):
        make_running(scene.database)
    publish(scene.database, scene.clock.advance(minutes=5))
    slow, other = scene.database.connect(autocommit=False), scene.worker()
    slow.execute("select worker.enqueue_ready(2)")

    assert other.enqueue(2) == {"slots": 0, "elsewhere": True}
    slow.commit()
    with background() as pool:
        result_of(pool.submit(enqueue, scene.database))

    assert scene.live() == {"ready": 6}
    assert scene.counts() == {"due": 6}
    assert scene.violations() == []


def test_an_expiry_and_a_claim_at_once_take_a_job_once(scene: Scene) -> None:
    make_running(scene.database)
    scene.close()
    scene.database.run("update candlewatch.settings set lease_seconds_limit = 900")
    worker, idle = scene.worker(), scene.worker("idle")
    worker.connection.autocommit = False
    batch = worker.claim(lease_seconds=900)
    publish(scene.database, scene.clock.advance(minutes=5))
    with background() as pool:
        expiry = pool.submit(idle.enqueue)
        waits(scene.database, idle.connection)
        worker.connection.commit()
        result_of(expiry)
    told = worker.complete(batch["token"], answer(batch))
    worker.connection.commit()

    assert told["slots"]["done"] == 1
    assert scene.ends() == []
    assert scene.violations() == []


def test_no_claim_takes_what_a_newer_candle_overtook(scene: Scene) -> None:
    make_running(scene.database)
    scene.close()
    publish(scene.database, scene.clock.advance(minutes=5))

    assert scene.worker().claim()["jobs"] == []
    assert scene.live() == {"ready": 1}


def test_a_tenant_that_was_idle_gets_no_more_than_its_share_afterwards(scene: Scene) -> None:
    (busy,) = tenants_with_jobs(scene, "elite", jobs=60)
    scene.close()
    worker = scene.worker()
    while served(scene, worker, 10):
        pass
    (idle,) = tenants_with_jobs(scene, "elite", jobs=60)
    scene.close()

    owners = [owner for _ in range(10) for owner in served(scene, worker, 4)]

    assert abs(owners.count(idle) - owners.count(busy)) <= 12
