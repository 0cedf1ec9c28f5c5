"""A job has one owner at a time, and whoever lost it changes nothing and is told so."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from uuid import uuid4

import psycopg
import pytest
from tests.fixtures.clock import set_clock
from tests.queue.gates import Gate, background, reach, result_of, together, waits
from tests.queue.scene import answer, make_running

if TYPE_CHECKING:
    from tests.queue.scene import Scene


def test_a_zombie_is_fenced_after_its_jobs_went_to_another_worker(scene: Scene) -> None:
    make_running(scene.database)
    scene.close()
    zombie, owner = scene.worker("zombie"), scene.worker("owner")
    lost = zombie.claim(lease_seconds=20)
    scene.clock.advance(seconds=20)
    batch = owner.claim()

    late = zombie.complete(lost["token"], answer(lost, true="1111"))
    told = owner.complete(batch["token"], answer(batch, true="1000"))

    assert late["outcome"] == "fenced"
    assert told["outcome"] == "done"
    assert scene.signals() == 1
    assert scene.violations() == []


def test_a_lease_that_is_over_is_fenced_even_before_anybody_took_its_jobs(scene: Scene) -> None:
    make_running(scene.database)
    scene.close()
    worker = scene.worker()
    batch = worker.claim(lease_seconds=20)
    scene.clock.advance(seconds=20)

    told = worker.complete(batch["token"], answer(batch))

    assert told["outcome"] == "fenced"
    assert scene.signals() == 0
    assert worker.extend(batch["token"]) == {"outcome": "fenced"}


def test_of_a_zombie_and_a_new_owner_that_complete_at_once_one_is_fenced(scene: Scene) -> None:
    make_running(scene.database)
    scene.close()
    zombie, owner = scene.worker("zombie"), scene.worker("owner")
    lost = zombie.claim()
    scene.clock.advance(seconds=20)
    batch = owner.claim()

    told = together(
        [
            lambda: zombie.complete(lost["token"], answer(lost, true="0111")),
            lambda: owner.complete(batch["token"], answer(batch, true="1000")),
        ]
    )

    assert [t["outcome"] for t in told] == ["fenced", "done"]
    assert scene.database.rows("select symbol from public.signals") == [("S0USDT",)]
    assert scene.violations() == []


def test_a_completion_that_meets_the_return_of_its_lease_is_fenced(scene: Scene) -> None:
    make_running(scene.database)
    scene.close()
    zombie, ticker = scene.worker("zombie"), scene.database.connect()
    lost = zombie.claim()
    gate = Gate(scene.database, "candlewatch.lease_log")
    scene.clock.advance(seconds=20)
    with background() as pool:
        lapse = pool.submit(ticker.execute, b"select candlewatch.return_lapsed()")
        waits(scene.database, ticker)
        completion = pool.submit(zombie.complete, lost["token"], answer(lost))
        waits(scene.database, zombie.connection)
        gate.open()
        result_of(lapse)
        told = result_of(completion)

    assert told["outcome"] == "fenced"
    assert scene.live() == {"ready": 1}
    assert scene.violations() == []


def test_the_jobs_of_a_completion_in_progress_go_to_nobody_else(scene: Scene) -> None:
    make_running(scene.database)
    scene.close()
    worker, other = scene.worker(), scene.worker("other")
    batch = worker.claim()
    gate = Gate(scene.database, "public.signals")
    with background() as pool:
        completion = pool.submit(worker.complete, batch["token"], answer(batch))
        waits(scene.database, worker.connection)
        scene.clock.advance(seconds=60)
        taken = other.claim()["jobs"]
        gate.open()
        told = result_of(completion)

    assert taken == []
    assert told["outcome"] == "done"
    assert scene.counts() == {"due": 1, "done": 1}
    assert other.claim()["jobs"] == []


def test_a_lease_that_ends_while_the_completion_waits_for_a_stop_is_fenced(scene: Scene) -> None:
    trader = make_running(scene.database)
    scene.close()
    worker, owner = scene.worker(), scene.database.connect(autocommit=False)
    batch = worker.claim()
    owner.execute("select from public.trader_states where trader_id = %s for update", [trader])
    with background() as pool:
        completion = pool.submit(worker.complete, batch["token"], answer(batch))
        waits(scene.database, worker.connection)
        scene.clock.advance(seconds=60)
        owner.commit()
        told = result_of(completion)

    assert told["outcome"] == "fenced"
    assert scene.signals() == 0
    assert scene.violations() == []


def test_a_completion_that_is_repeated_at_the_same_time_is_told_the_same(scene: Scene) -> None:
    make_running(scene.database)
    scene.close()
    worker, again = scene.worker(), scene.worker()
    batch = worker.claim()
    gate = Gate(scene.database, "public.signals")
    with background() as pool:
        first = pool.submit(worker.complete, batch["token"], answer(batch))
        waits(scene.database, worker.connection)
        second = pool.submit(again.complete, batch["token"], answer(batch))
        waits(scene.database, again.connection)
        gate.open()
        told = result_of(first)
        repeated = result_of(second)

    assert told["outcome"] == "done"
    assert repeated == {**told, "outcome": "already"}
    assert scene.counts() == {"due": 1, "done": 1}
    assert scene.signals() == 1


def test_after_a_part_was_completed_and_the_rest_lost_the_worker_is_fenced(scene: Scene) -> None:
    scene.database.run("update candlewatch.settings set slots_per_job = 1")
    make_running(scene.database)
    make_running(scene.database)
    scene.close()
    worker = scene.worker()
    batch = worker.claim()
    part = {**answer(batch), "jobs": [batch["jobs"][0]["id"]]}
    worker.complete(batch["token"], part)
    scene.clock.advance(seconds=20)

    assert worker.complete(batch["token"], answer(batch))["outcome"] == "fenced"
    scene.database.run("select candlewatch.tick()")
    assert worker.complete(batch["token"], answer(batch))["outcome"] == "fenced"
    assert worker.complete(batch["token"], part)["outcome"] == "already"


def test_claims_with_one_token_at_the_same_time_get_one_batch(scene: Scene) -> None:
    scene.database.run("update candlewatch.settings set slots_per_job = 1")
    for _ in range(4):
        make_running(scene.database)
    scene.close()
    worker, again = scene.worker(), scene.worker()
    token = uuid4()
    gate = Gate(scene.database, "candlewatch.leased")
    with background() as pool:
        first = pool.submit(worker.claim, token, limit=2)
        waits(scene.database, worker.connection)
        second = pool.submit(again.claim, token, limit=2)
        waits(scene.database, again.connection)
        gate.open()
        batch = result_of(first)
        same = result_of(second)

    assert same == batch
    assert len(batch["jobs"]) == 2
    assert [job["attempt"] for job in batch["jobs"]] == [1, 1]
    assert scene.live() == {"leased": 2, "ready": 2}


def test_a_claim_that_is_repeated_after_its_answer_was_lost_gets_the_same_batch(
    scene: Scene,
) -> None:
    for _ in range(3):
        make_running(scene.database)
    scene.close()
    token = uuid4()
    batch = scene.worker().claim(token)

    assert scene.worker().claim(token) == batch
    assert len(batch["jobs"]) == 3
    assert scene.worker().claim()["jobs"] == []


def test_a_release_and_a_completion_at_once_end_a_batch_once(scene: Scene) -> None:
    make_running(scene.database)
    scene.close()
    worker, again = scene.worker(), scene.worker()
    batch = worker.claim()
    gate = Gate(scene.database, "candlewatch.lease_log")
    with background() as pool:
        release = pool.submit(worker.release, batch["token"])
        waits(scene.database, worker.connection)
        completion = pool.submit(again.complete, batch["token"], answer(batch))
        waits(scene.database, again.connection)
        gate.open()
        result_of(release)
        told = result_of(completion)

    assert told["outcome"] == "fenced"
    assert scene.live() == {"ready": 1}
    assert scene.signals() == 0


def test_an_extension_that_meets_the_return_of_its_lease_is_fenced(scene: Scene) -> None:
    make_running(scene.database)
    scene.close()
    worker, ticker = scene.worker(), scene.database.connect()
    batch = worker.claim()
    gate = Gate(scene.database, "candlewatch.lease_log")
    scene.clock.advance(seconds=20)
    with background() as pool:
        lapse = pool.submit(ticker.execute, b"select candlewatch.return_lapsed()")
        waits(scene.database, ticker)
        extension = pool.submit(worker.extend, batch["token"])
        waits(scene.database, worker.connection)
        gate.open()
        result_of(lapse)
        told = result_of(extension)

    assert told == {"outcome": "fenced"}


def test_a_completion_whose_session_is_killed_before_the_commit_leaves_no_trace(
    scene: Scene,
) -> None:
    make_running(scene.database)
    scene.close()
    worker, other = scene.worker(), scene.worker("other")
    batch = worker.claim()
    worker.connection.autocommit = False
    worker.complete(batch["token"], answer(batch))
    pid = worker.connection.info.backend_pid
    with scene.database.server.superuser() as superuser:
        superuser.execute("select pg_terminate_backend(%s)", [pid])
    reach(
        lambda: scene.database.one(
            "select not exists (select from pg_stat_activity where pid = %s)", [pid]
        )
    )
    with pytest.raises(psycopg.OperationalError):
        worker.connection.execute("select 1")

    assert scene.signals() == 0
    assert other.complete(batch["token"], answer(batch))["outcome"] == "done"
    assert scene.signals() == 1


def test_a_completion_that_runs_into_its_time_limit_is_undone_whole_and_may_be_repeated(
    scene: Scene,
) -> None:
    trader = make_running(scene.database)
    scene.close()
    worker, owner = scene.worker(), scene.database.connect(autocommit=False)
    batch = worker.claim()
    owner.execute("select from public.trader_states where trader_id = %s for update", [trader])
    worker.connection.execute("set statement_timeout = '50ms'")
    with pytest.raises(psycopg.errors.QueryCanceled):
        worker.complete(batch["token"], answer(batch))
    owner.rollback()
    worker.connection.execute("reset statement_timeout")

    assert worker.complete(batch["token"], answer(batch))["outcome"] == "done"
    assert scene.counts() == {"due": 1, "done": 1}


def test_a_clock_that_steps_back_hands_no_job_out_twice(scene: Scene) -> None:
    make_running(scene.database)
    scene.close()
    worker, other = scene.worker(), scene.worker("other")
    batch = worker.claim()
    scene.clock.advance(seconds=-30)

    assert other.claim()["jobs"] == []
    assert worker.extend(batch["token"])["lease_until"] == batch["lease_until"]
    assert worker.complete(batch["token"], answer(batch))["outcome"] == "done"
    assert scene.violations() == []


def test_a_lease_is_measured_by_the_clock_of_its_moment_and_not_by_the_statement(
    scene: Scene,
) -> None:
    make_running(scene.database)
    scene.close()
    set_clock(scene.database, "now", "stable", scene.clock.moment - timedelta(hours=1))

    batch = scene.worker().claim(lease_seconds=20)

    until = datetime.fromisoformat(batch["lease_until"])
    assert until == scene.clock.moment + timedelta(seconds=20)


def test_a_released_batch_does_not_count_as_an_attempt(scene: Scene) -> None:
    make_running(scene.database)
    scene.close()
    worker = scene.worker()

    attempts = []
    for _ in range(7):
        batch = worker.claim()
        attempts.append(batch["jobs"][0]["attempt"])
        worker.release(batch["token"])

    assert attempts == [1] * 7


def test_an_older_candle_that_is_completed_after_a_newer_one_expires(scene: Scene) -> None:
    make_running(scene.database)
    scene.database.run("update candlewatch.settings set lease_seconds_limit = 900")
    scene.close()
    slow, quick = scene.worker("slow"), scene.worker("quick")
    older = slow.claim(lease_seconds=900)
    scene.close()
    newer = quick.claim()
    quick.complete(newer["token"], answer(newer, true="0100"))

    told = slow.complete(older["token"], answer(older, true="0010"))

    assert told["slots"]["expired"] == 1
    assert scene.database.rows("select symbol from public.signals") == [("S1USDT",)]
