"""A changed limit holds within a tick: the newest over it stop, the oldest that fit resume."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.fixtures.factories import make_account, make_trader
from tests.sql.checks import counted, limit, state_of

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


def test_a_lower_limit_stops_the_newest_within_a_tick(database: Database, account: UUID) -> None:
    traders = [make_trader(database, account=account) for _ in range(3)]

    limit(database, running_limit=1)
    database.run("select candlewatch.tick()")

    states = [state_of(database, trader) for trader in traders]
    assert [state.state for state in states] == ["starting", "stopped", "stopped"]
    assert str(states[1].reason).startswith("over_quota: the free tier runs at most 1 ")
    assert counted(database, account) == (3, 1)


def test_a_higher_limit_resumes_the_oldest_first(database: Database, account: UUID) -> None:
    traders = [make_trader(database, account=account) for _ in range(3)]
    limit(database, running_limit=1)
    database.run("select candlewatch.enforce_quotas()")

    limit(database, running_limit=2)
    database.run("select candlewatch.enforce_quotas()")

    assert [state_of(database, trader).state for trader in traders] == [
        "starting",
        "starting",
        "stopped",
    ]
    assert state_of(database, traders[1]).reason is None


def test_another_tier_for_the_account_holds_within_a_tick(database: Database) -> None:
    account = make_account(database, tier="pro")
    traders = [make_trader(database, account=account) for _ in range(4)]

    database.run("update public.accounts set tier = 'free' where id = %s", [account])
    database.run("select candlewatch.tick()")
    down = [state_of(database, trader).state for trader in traders]
    database.run("update public.accounts set tier = 'pro' where id = %s", [account])
    database.run("select candlewatch.tick()")

    assert down == ["starting", "starting", "starting", "stopped"]
    assert {state_of(database, trader).state for trader in traders} == {"starting"}


def test_a_place_that_becomes_free_goes_to_a_trader_that_waits_for_one(
    database: Database, account: UUID
) -> None:
    traders = [make_trader(database, account=account) for _ in range(3)]
    limit(database, running_limit=2)
    database.run("select candlewatch.enforce_quotas()")

    database.run("update public.traders set enabled = false where id = %s", [traders[0]])
    database.run("select candlewatch.enforce_quotas()")

    assert [state_of(database, trader).state for trader in traders] == [
        "stopped",
        "starting",
        "starting",
    ]


def test_a_trader_that_its_owner_stopped_is_not_resumed(database: Database, account: UUID) -> None:
    trader = make_trader(database, account=account)
    database.run("update public.traders set enabled = false where id = %s", [trader])

    limit(database, running_limit=10)
    database.run("select candlewatch.enforce_quotas()")

    assert state_of(database, trader).state == "stopped"


def test_enforcing_takes_at_most_so_many_accounts(database: Database) -> None:
    for _ in range(3):
        make_account(database, tier="free")
    database.run("delete from candlewatch.quota_reviews")
    limit(database, running_limit=1)

    reviewed = [database.one("select candlewatch.enforce_quotas(2)") for _ in range(3)]

    assert reviewed[0] == 2
    assert reviewed[-1] == 0


def test_another_number_of_symbols_recuts_the_universe_within_a_tick(
    database: Database, account: UUID
) -> None:
    database.run(
        "select worker.store_symbols((select jsonb_agg(jsonb_build_object('symbol', "
        "'S' || i || 'USDT', 'base_asset', 'S' || i, 'quote_asset', 'USDT', 'trading', true, "
        "'quote_volume', i) order by i) from generate_series(1, 9) as i))"
    )
    trader = make_trader(database, account=account)
    watched = (
        "select bit_count(u.bits) from candlewatch.trader_memory as m "
        "join candlewatch.universes as u on u.id = m.universe_id where m.trader_id = %s"
    )
    before = database.one(watched, [trader])

    limit(database, symbols_limit=4)
    database.run("select candlewatch.tick()")

    assert (before, database.one(watched, [trader])) == (9, 4)
