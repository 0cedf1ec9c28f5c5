"""No account has more than its tier allows; what was stopped for it resumes when it may."""

from __future__ import annotations

from typing import TYPE_CHECKING

import psycopg
import pytest
from tests.fixtures.factories import make_account, make_trader
from tests.sql.checks import counted, limit, refused, state_of

if TYPE_CHECKING:
    from uuid import UUID

    from tests.fixtures.database import Database


@pytest.fixture
def database(undone: Database) -> Database:
    """Use the module's database, and undo what the test did."""
    return undone


@pytest.fixture
def account(database: Database) -> UUID:
    """Make an account of the free tier: 5 traders, 3 running."""
    return make_account(database, tier="free")


def test_one_trader_too_many_is_refused_and_says_which_limit(
    database: Database, account: UUID
) -> None:
    for _ in range(5):
        make_trader(database, account=account, enabled=False)

    with refused(database, "CW003", "the free tier has at most 5 traders (traders_limit)"):
        make_trader(database, account=account, enabled=False)

    assert counted(database, account) == (5, 0)


def test_one_running_trader_too_many_is_refused_when_it_is_made(
    database: Database, account: UUID
) -> None:
    for _ in range(3):
        make_trader(database, account=account)

    with refused(database, "CW003", "runs at most 3 traders at once (running_limit)"):
        make_trader(database, account=account)

    assert counted(database, account) == (3, 3)


def test_one_running_trader_too_many_is_refused_when_it_is_switched_on(
    database: Database, account: UUID
) -> None:
    for _ in range(3):
        make_trader(database, account=account)
    fourth = make_trader(database, account=account, enabled=False)

    with refused(database, "CW003", "running_limit"):
        database.run("update public.traders set enabled = true where id = %s", [fourth])

    assert state_of(database, fourth).state == "stopped"
    assert counted(database, account) == (4, 3)


def test_a_bulk_insert_over_the_limit_inserts_nothing(database: Database, account: UUID) -> None:
    with refused(database, "CW003", "traders_limit"):
        database.run(
            "insert into public.traders (account_id, name, filter, enabled) "
            "select %s, 'n' || i, 'close > open', false from generate_series(1, 6) as i",
            [account],
        )

    assert counted(database, account) == (0, 0)


def test_places_are_free_again_after_stop_and_delete(database: Database, account: UUID) -> None:
    traders = [make_trader(database, account=account) for _ in range(3)]

    database.run("update public.traders set enabled = false where id = %s", [traders[0]])
    after_stop = counted(database, account)
    database.run("delete from public.traders where id = any (%s)", [traders[:2]])

    assert after_stop == (3, 2)
    assert counted(database, account) == (1, 1)


def test_one_statement_that_deletes_traders_of_many_frees_the_places_of_each(
    database: Database, account: UUID
) -> None:
    others = [make_account(database) for _ in range(2)]
    for owner in (account, *others):
        for enabled in (True, False, True):
            make_trader(database, account=owner, name=f"{enabled}", enabled=enabled)

    database.run("delete from public.traders where name = 'True' and account_id <> %s", [others[0]])
    after_delete = [counted(database, owner) for owner in (account, *others)]
    database.run("delete from auth.users where id = any (%s)", [[account, others[0]]])

    assert after_delete == [(1, 0), (3, 2), (1, 0)]
    assert counted(database, others[1]) == (1, 0)
    assert database.rows("select q.subject, q.detail from monitor.broken_quotas as q") == []


def test_too_short_a_timeframe_is_refused_and_later_stopped(
    database: Database, account: UUID
) -> None:
    with refused(database, "CW003", "shortest_timeframe"):
        make_trader(database, account=account, timeframe="1m")
    trader = make_trader(database, account=account, timeframe="5m")

    limit(database, shortest_timeframe="1h")
    database.run("select candlewatch.enforce_quotas()")

    assert state_of(database, trader).state == "stopped"
    assert "shortest_timeframe" in str(state_of(database, trader).reason)


@pytest.mark.parametrize("universe", [{"top": 51}, {"symbols": [f"S{i}USDT" for i in range(51)]}])
def test_too_many_symbols_are_refused(
    database: Database, account: UUID, universe: dict[str, object]
) -> None:
    with refused(
        database, "CW003", "watches at most 50 symbols with a trader (symbols_limit), not 51"
    ):
        make_trader(database, account=account, universe=universe)


def test_usage_warns_from_80_percent_on(database: Database, account: UUID) -> None:
    claims = f'{{"sub": "{account}"}}'
    database.run("select set_config('request.jwt.claims', %s, true)", [claims])
    for _ in range(3):
        make_trader(database, account=account, enabled=False)
    before = database.one("select public.usage()")
    make_trader(database, account=account, enabled=False)
    after = database.one("select public.usage()")

    assert before["warnings"] == []
    assert after["warnings"] == ["4 of 5 traders are used (traders_limit)"]


def test_usage_warns_of_running_traders_and_the_refusal_says_what_to_do(
    database: Database, account: UUID
) -> None:
    limit(database, running_limit=5)
    database.run("select set_config('request.jwt.claims', %s, true)", [f'{{"sub": "{account}"}}'])
    warned = []
    for _ in range(5):
        make_trader(database, account=account)
        warned.append(database.one("select public.usage() -> 'warnings' ->> 1"))

    limit(database, traders_limit=9)
    with pytest.raises(psycopg.Error) as told, database.sql.transaction():
        make_trader(database, account=account)

    assert warned == [
        None,
        None,
        None,
        "4 of 5 running traders are used (running_limit)",
        "5 of 5 running traders are used (running_limit)",
    ]
    assert "running_limit" in str(told.value.diag.message_primary)
    assert "larger tier" in str(told.value.diag.message_hint)


BREAKS = {
    "counters equal their rows": "update public.accounts set running_count = running_count - 1 "
    "where running_count > 0",
    "the state follows the switch": "update public.trader_states set state = 'stopped', "
    "reason = null",
    "nobody runs more than the tier allows": "update public.tiers set running_limit = 0",
}


@pytest.mark.parametrize("invariant", BREAKS)
def test_a_broken_invariant_is_seen(database: Database, account: UUID, invariant: str) -> None:
    make_trader(database, account=account)
    seen = "select v.invariant from monitor.broken_quotas as v"
    before = database.rows(seen)

    database.run("select set_config('candlewatch.engine', 'on', true)")
    database.run(BREAKS[invariant])
    database.run("delete from candlewatch.quota_reviews")

    assert before == []
    assert (invariant,) in database.rows(seen)
