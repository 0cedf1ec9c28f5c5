"""A filter that nobody has for long is removed, and never under the hands of who starts with it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import pytest
from tests.fixtures.factories import make_account, make_trader
from tests.queue.gates import Gate, background, result_of, waits

if TYPE_CHECKING:
    from uuid import UUID

    from tests.fixtures.database import Database

TEXT: Final = "close > 4711"
PRUNE: Final = b"select candlewatch.prune_filters(now() - interval '7 days', 1000)"
CREATE: Final = b"insert into public.traders (account_id, name, filter) values (%s, 'n', %s)"


@pytest.fixture
def account(database: Database) -> UUID:
    """Make an account, and a filter that nobody has had for eight days."""
    owner = make_account(database)
    trader = make_trader(database, account=owner, filter=TEXT)
    database.run("delete from public.traders where id = %s", [trader])
    prune(database)
    database.run("update candlewatch.filters set unused_since = now() - interval '8 days'")
    return owner


def prune(database: Database) -> int:
    """Remove what is past its time; return how many rows went."""
    removed: int = database.one(PRUNE.decode())
    return removed


def filters(database: Database) -> list[tuple[Any, ...]]:
    """Return each filter with the state of the traders that have it."""
    return database.rows(
        "select f.source, f.unused_since is null, s.state from candlewatch.filters as f "
        "left join public.trader_states as s on s.filter_id = f.id"
    )


def test_a_filter_is_marked_when_nobody_has_it_and_removed_long_after(database: Database) -> None:
    trader = make_trader(database, filter=TEXT)
    used = prune(database)
    database.run("update public.traders set filter = 'close > 1' where id = %s", [trader])
    just_left = prune(database)
    marked = filters(database)
    database.run("update candlewatch.filters set unused_since = unused_since - interval '8 days'")

    assert (used, just_left, prune(database)) == (0, 0, 1)
    assert sorted(marked) == [("close > 1", True, "starting"), (TEXT, False, None)]
    assert filters(database) == [("close > 1", True, "starting")]


def test_a_filter_that_somebody_took_up_again_stays(database: Database, account: UUID) -> None:
    make_trader(database, account=account, filter=TEXT)

    assert prune(database) == 0
    assert filters(database) == [(TEXT, True, "starting")]


def test_retention_removes_at_most_so_many_at_once(database: Database) -> None:
    database.run(
        "insert into candlewatch.filters (content_hash, source, timeframe, unused_since) "
        "select candlewatch.content_hash('5m', n::text), n::text, '5m', now() - interval '9 days' "
        "from generate_series(1, 5) as n"
    )
    step = "select candlewatch.prune_filters(now() - interval '7 days', 3)"

    assert [database.one(step) for _ in range(3)] == [3, 2, 0]


def test_a_start_that_meets_a_removal_waits_and_makes_the_filter_again(
    database: Database, account: UUID
) -> None:
    retention, owner = database.connect(autocommit=False), database.connect()
    retention.execute(PRUNE)
    with background() as pool:
        creation = pool.submit(owner.execute, CREATE, [account, TEXT])
        waits(database, owner)
        retention.commit()
        result_of(creation)

    assert filters(database) == [(TEXT, True, "starting")]


def test_a_removal_that_was_undone_leaves_the_filter_to_the_start(
    database: Database, account: UUID
) -> None:
    before = database.one("select f.id from candlewatch.filters as f")
    retention, owner = database.connect(autocommit=False), database.connect()
    retention.execute(PRUNE)
    with background() as pool:
        creation = pool.submit(owner.execute, CREATE, [account, TEXT])
        waits(database, owner)
        retention.rollback()
        result_of(creation)

    assert filters(database) == [(TEXT, False, "starting")]
    assert database.one("select f.id from candlewatch.filters as f") == before


def test_retention_leaves_alone_what_a_start_is_about_to_bind(
    database: Database, account: UUID
) -> None:
    owner = database.connect()
    gate = Gate(database, "public.trader_states")
    with background() as pool:
        creation = pool.submit(owner.execute, CREATE, [account, TEXT])
        waits(database, owner)
        removed = prune(database)
        gate.open()
        result_of(creation)

    assert removed == 0
    assert [row[2] for row in filters(database)] == ["starting"]


def test_a_filter_that_is_removed_after_a_start_found_it_is_made_again(
    database: Database, account: UUID
) -> None:
    owner = database.connect()
    gate = Gate(database, "candlewatch.filters", "after insert")
    with background() as pool:
        creation = pool.submit(owner.execute, CREATE, [account, TEXT])
        waits(database, owner)
        removed = prune(database)
        gate.open()
        result_of(creation)

    assert removed == 1
    assert filters(database) == [(TEXT, True, "starting")]
