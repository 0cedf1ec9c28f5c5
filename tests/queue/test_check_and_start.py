"""A check that ends while somebody starts a trader with the same text: both pass, none is lost."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final
from uuid import uuid4

import pytest
from psycopg.types.json import Jsonb
from tests.fixtures.factories import make_account, make_trader
from tests.queue.gates import Gate, background, result_of, waits

if TYPE_CHECKING:
    from collections.abc import Callable
    from uuid import UUID

    import psycopg
    from tests.fixtures.database import Database

TEXT: Final = "close > open"
GOOD: Final = {"ok": True, "needs": {"5m": 1}, "lookback": 1, "cost": 1, "symbols": [], "names": []}


def claimed(worker: psycopg.Connection, seconds: float = 20.0) -> tuple[UUID, int]:
    """Claim the check; return the token and the task."""
    token = uuid4()
    row = worker.execute(
        "select worker.claim_tasks(%s, 'tester', 'check', 9, %s) #>> '{tasks,0,id}'",
        [token, seconds],
    ).fetchone()
    assert row is not None
    return token, int(row[0])


def complete(worker: psycopg.Connection, token: UUID, task: int) -> Any:
    return worker.execute("select worker.complete_check(%s, %s, %s)", [token, task, Jsonb(GOOD)])


def fail(worker: psycopg.Connection, token: UUID, task: int) -> Any:
    return worker.execute("select worker.fail_task(%s, %s, 'it broke', 0)", [token, task])


def lapse(worker: psycopg.Connection, token: UUID, task: int) -> Any:  # noqa: ARG001 - one shape for all
    return worker.execute("select worker.claim_tasks(gen_random_uuid(), 'other', 'check', 9, 20)")


@pytest.mark.parametrize(
    ("end", "state"), [(complete, "running"), (fail, "error"), (lapse, "error")]
)
def test_a_start_and_the_end_of_the_check_of_its_text_wait_for_each_other(
    database: Database, end: Callable[..., Any], state: str
) -> None:
    traders = [make_trader(database, filter=TEXT)]
    account = make_account(database)
    worker, owner = database.connect("candlewatch_worker"), database.connect()
    database.run("update candlewatch.tasks set attempts_limit = 1 where kind = 'check'")
    token, task = claimed(worker)
    if end is lapse:
        database.run("update candlewatch.tasks set lease_until = now() - interval '1 second'")
    gate = Gate(database, "candlewatch.tasks", "before insert")
    create = "insert into public.traders (account_id, name, filter) values (%s, 'n', %s)"
    with background() as pool:
        start = pool.submit(owner.execute, create, [account, TEXT])
        waits(database, owner)
        ending = pool.submit(end, worker, token, task)
        waits(database, worker)
        gate.open()
        result_of(start)
        result_of(ending)

    assert (
        database.one("select deadlocks from pg_stat_database where datname = current_database()")
        == 0
    )
    assert (
        database.one("select state from public.trader_states where trader_id = %s", traders)
        == state
    )
    assert database.one("select count(*) from public.trader_states where state <> %s", [state]) == 0
