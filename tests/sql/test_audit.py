"""Every change of a trader or a tier is in the audit log: who, when, from what to what."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tests.fixtures.factories import make_account, make_trader

if TYPE_CHECKING:
    from uuid import UUID

    from tests.fixtures.database import Database


def log(database: Database, key: UUID | str) -> list[tuple[Any, ...]]:
    """Return the entries about a row, oldest first."""
    return database.rows(
        "select l.verb, l.actor, l.actor_role, l.before, l.after from candlewatch.audit_log as l "
        "where l.row_key = %s order by l.id",
        [str(key)],
    )


def test_a_users_change_is_logged_with_the_user_and_only_what_changed(database: Database) -> None:
    owner = make_account(database)
    trader = make_trader(database, account=owner)

    database.connect("authenticated", user=owner).execute(
        "update public.traders set name = 'New', cooldown_candles = 3 where id = %s", [trader]
    )

    verb, actor, role, before, after = log(database, trader)[-1]
    assert (verb, actor, role) == ("update", owner, "authenticated")
    assert before["cooldown_candles"] == 0
    assert after == {"name": "New", "cooldown_candles": 3}


def test_an_operators_change_is_logged_with_the_role(database: Database) -> None:
    trader = make_trader(database)

    database.run("delete from public.traders where id = %s", [trader])

    entries = log(database, trader)
    assert [entry[0] for entry in entries] == ["insert", "delete"]
    assert entries[1][1:3] == (None, "postgres")
    assert entries[1][3]["filter"] == "close > open"


def test_tiers_and_the_tier_of_an_account_are_logged(database: Database) -> None:
    account = make_account(database, tier="free")

    database.run("update public.tiers set running_limit = 4 where name = 'free'")
    database.run("update public.accounts set tier = 'pro' where id = %s", [account])

    assert log(database, "free")[-1][3:] == ({"running_limit": 3}, {"running_limit": 4})
    assert log(database, account)[-1][3:] == ({"tier": "free"}, {"tier": "pro"})


def test_counters_and_edits_that_change_nothing_are_not_logged(database: Database) -> None:
    account = make_account(database, tier="elite")
    trader = make_trader(database, account=account)
    before = database.one("select count(*) from candlewatch.audit_log as l")

    database.run("update public.traders set name = name where id = %s", [trader])
    database.run("update public.accounts set tier = 'elite' where id = %s", [account])

    assert database.one("select count(*) from candlewatch.audit_log as l") == before


def test_only_what_is_past_its_time_is_removed(database: Database) -> None:
    make_trader(database)
    kept = database.one("select count(*) from candlewatch.audit_log as l")
    database.run(
        "insert into candlewatch.audit_log (at, actor_role, table_name, row_key, verb, after) "
        "select now() - interval '401 days', 'postgres', 'traders', 'old', 'insert', '{}' "
        "from generate_series(1, 30)"
    )

    removed = [database.one("select candlewatch.prune_access(20)") for _ in range(3)]

    assert removed == [20, 10, 0]
    assert database.one("select count(*) from candlewatch.audit_log as l") == kept
