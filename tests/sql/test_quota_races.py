"""However many try at once, on whatever path: never one over, and counters equal rows."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Final

import psycopg
import pytest
from tests.fixtures.factories import make_account, make_trader
from tests.queue.gates import Gate, background, result_of, waits

if TYPE_CHECKING:
    from collections.abc import Callable
    from uuid import UUID

    from tests.fixtures.database import Database

SESSIONS: Final = 100
CAP: Final = 5

Attempt = tuple[str, list[object]]


def insert(account: UUID, _: UUID) -> Attempt:
    return (
        "insert into public.traders (account_id, name, filter) values (%s, 'n', 'close > open')",
        [account],
    )


def insert_in_bulk(account: UUID, _: UUID) -> Attempt:
    statement = (
        "insert into public.traders (account_id, name, filter) "
        "select %s, 'n', 'close > open' from generate_series(1, 2)"
    )
    return statement, [account]


def create_by_call(_: UUID, __: UUID) -> Attempt:
    return "select public.create_trader('n', 'close > open')", []


def clone_by_call(_: UUID, source: UUID) -> Attempt:
    return "select public.clone_trader(%s, p_enabled => true)", [source]


def clone_a_template(_: UUID, __: UUID) -> Attempt:
    return "select public.clone_template('golden-cross')", []


def start_by_call(_: UUID, trader: UUID) -> Attempt:
    return "select public.start_trader(%s)", [trader]


def start_by_the_switch(_: UUID, trader: UUID) -> Attempt:
    return "update public.traders set enabled = true where id = %s", [trader]


CREATING = [insert, insert_in_bulk, create_by_call, clone_by_call, clone_a_template]
STARTING = [start_by_call, start_by_the_switch]


@pytest.fixture
def account(database: Database) -> UUID:
    """Make an account that may run 5 traders and make as many calls as it likes."""
    database.run(
        "update public.tiers set running_limit = %s, traders_limit = 1000, "
        "calls_per_minute = 100000 where name = 'free'",
        [CAP],
    )
    return make_account(database, tier="free")


@pytest.mark.parametrize("path", CREATING, ids=lambda path: str(path.__name__))
def test_concurrent_creations_stop_at_the_limit_of_traders(
    database: Database, account: UUID, path: Callable[[UUID, UUID], Attempt]
) -> None:
    source = make_trader(database, account=account, enabled=False)
    database.run("update public.tiers set running_limit = 1000 where name = 'free'")
    database.run("update public.tiers set traders_limit = %s where name = 'free'", [CAP])

    made = _all_at_once(database, account, [path(account, source)] * SESSIONS)

    assert _counters(database, account)[0] == CAP
    per_call = 2 if path is insert_in_bulk else 1
    assert made == (CAP - 1) // per_call


@pytest.mark.parametrize("path", CREATING, ids=lambda path: str(path.__name__))
def test_concurrent_creations_stop_at_the_limit_of_running_traders(
    database: Database, account: UUID, path: Callable[[UUID, UUID], Attempt]
) -> None:
    source = make_trader(database, account=account, enabled=False)

    made = _all_at_once(database, account, [path(account, source)] * SESSIONS)

    per_call = 2 if path is insert_in_bulk else 1
    assert made == CAP // per_call
    assert _counters(database, account) == (1 + made * per_call, made * per_call)


@pytest.mark.parametrize("path", STARTING, ids=lambda path: str(path.__name__))
def test_concurrent_starts_stop_at_the_limit_of_running_traders(
    database: Database, account: UUID, path: Callable[[UUID, UUID], Attempt]
) -> None:
    traders = [make_trader(database, account=account, enabled=False) for _ in range(SESSIONS)]

    made = _all_at_once(database, account, [path(account, trader) for trader in traders])

    assert made == CAP
    assert _counters(database, account) == (SESSIONS, CAP)


def test_starts_stops_and_deletes_at_once_leave_the_counters_right(
    database: Database, account: UUID
) -> None:
    traders = [make_trader(database, account=account, enabled=False) for _ in range(20)]
    attempts: list[Attempt] = []
    for trader in traders:
        attempts += [
            start_by_call(account, trader),
            ("select public.stop_trader(%s)", [trader]),
            start_by_the_switch(account, trader),
            ("update public.traders set enabled = false where id = %s", [trader]),
            ("delete from public.traders where id = %s", [trader]),
        ]

    _all_at_once(database, account, attempts)

    assert _counters(database, account)[1] <= CAP


def test_a_call_counts_what_another_one_took_between_its_steps(
    database: Database, account: UUID
) -> None:
    database.run("update public.tiers set calls_per_minute = 6")
    database.run(
        "insert into candlewatch.call_buckets (account_id, calls_left, filled_at) "
        "values (%s, 1, clock_timestamp() + interval '1 hour')",
        [account],
    )
    gate = Gate(database, "candlewatch.call_buckets", "after insert")
    user = database.connect("authenticated", user=account)
    other = database.connect(autocommit=False)

    with background() as pool:
        call = "select public.create_trader('n', 'close > open') ->> 'code'"
        answer = pool.submit(lambda: user.execute(call).fetchall())
        waits(database, user)
        other.execute("update candlewatch.call_buckets set calls_left = 0")
        gate.open()
        waits(database, user, "transactionid")
        other.commit()
        refused = result_of(answer)

    assert refused == [("CW007",)]


def test_a_review_passes_over_an_account_that_is_at_work_and_comes_back_to_it(
    database: Database, account: UUID
) -> None:
    trader = make_trader(database, account=account)
    review = "select candlewatch.enforce_quotas()"
    database.run(review)
    owner = database.connect("authenticated", user=account, autocommit=False)
    owner.execute("update public.traders set enabled = false where id = %s", [trader])

    during = database.one(review)
    owner.commit()
    after = [database.one(review) for _ in range(2)]

    assert (during, after) == (0, [1, 0])


def _all_at_once(database: Database, account: UUID, attempts: list[Attempt]) -> int:
    """Run each attempt in its own session, all released together; return how many succeeded."""
    gate = database.connect(autocommit=False)
    gate.execute("select from public.accounts as a where a.id = %s for update", [account])

    def attempt(work: Attempt) -> bool:
        role = "postgres" if work[0].startswith("insert") else "authenticated"
        with psycopg.connect(
            database.conninfo("postgres" if role == "postgres" else "authenticator"),
            autocommit=True,
        ) as connection:
            if role == "authenticated":
                connection.execute("set role authenticated")
                connection.execute(
                    "select set_config('request.jwt.claims', %s, false)",
                    [f'{{"role": "authenticated", "sub": "{account}"}}'],
                )
            try:
                connection.execute(work[0].encode(), work[1])
            except psycopg.Error as exc:
                if exc.diag.sqlstate in ("CW003", "CW004"):
                    return False
                raise
            return True

    with ThreadPoolExecutor(SESSIONS) as sessions:
        results = [sessions.submit(attempt, work) for work in attempts]
        waiting = 0
        while waiting < min(len(attempts), SESSIONS) // 2:
            waiting = database.one(
                "select count(*) from pg_stat_activity as a where a.datname = current_database() "
                "and a.wait_event_type = 'Lock'"
            )
        gate.rollback()
        return sum(result.result() for result in results)


def _counters(database: Database, account: UUID) -> tuple[int, int]:
    counters = database.rows(
        "select a.trader_count, a.running_count from public.accounts as a where a.id = %s",
        [account],
    )[0]
    rows = database.rows(
        "select count(*), count(*) filter (where s.state <> 'stopped') "
        "from public.traders as t join public.trader_states as s on s.trader_id = t.id "
        "where t.account_id = %s",
        [account],
    )[0]
    assert counters == rows
    return counters[0], counters[1]
