"""A reader who follows the cursor sees every own signal once, also those that commit late."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from tests.fixtures.factories import make_account, make_trader
from tests.sql.checks import refused
from tests.sql.plans import nodes_of

if TYPE_CHECKING:
    from uuid import UUID

    import psycopg
    from tests.fixtures.database import Database

WRITE = (
    "insert into public.signals (trader_id, account_id, filter_id, symbol, timeframe, "
    "candle_at, price, dispatch_id, frame_revision, created_at) "
    "select s.trader_id, s.account_id, s.filter_id, x, '5m', '2026-01-05 12:00+00', 1, 1, 1, now() "
    "from public.trader_states as s "
    "cross join unnest(%s::text[]) as x where s.trader_id = %s"
)

MANY = """
insert into public.signals (
  transaction_id, trader_id, account_id, filter_id, symbol, timeframe, candle_at, price,
  dispatch_id, frame_revision, created_at
)
select (3 + (n - 1) / 5000)::text::xid8,
  case when mod(n, 20) = 0 then %s::uuid else gen_random_uuid() end,
  case when mod(n, 20) = 0 then %s::uuid else md5(mod(n, 20)::text)::uuid end, 1, 'S' || n, '5m',
  m.month::timestamptz + n * interval '1 second', 1, 1, 1, now()
from unnest(%s::text[]) as m (month) cross join generate_series(1, 10000) as n
"""


@pytest.fixture
def trader(database: Database) -> UUID:
    """Make a trader, and the partition that its signals go to."""
    database.run("select candlewatch.add_partition('public.signals', '2026-01-05+00', 'month')")
    return make_trader(database)


def reader(database: Database, trader: UUID) -> psycopg.Connection:
    """Connect as the trader's owner."""
    owner = database.one("select t.account_id from public.traders as t where t.id = %s", [trader])
    return database.connect("authenticated", user=owner)


def follow(
    connection: psycopg.Connection, cursor: str = "", limit: int = 100
) -> tuple[list[str], str]:
    """Read on from a cursor; return the symbols and the next cursor."""
    row = connection.execute("select public.signals_since(%s, %s)", [cursor, limit]).fetchone()
    assert row is not None
    answer: dict[str, Any] = row[0]
    return [signal["symbol"] for signal in answer["signals"]], answer["cursor"]


def test_signals_come_in_order_and_once(database: Database, trader: UUID) -> None:
    user = reader(database, trader)
    database.run(WRITE, [["A", "B"], trader])
    first, cursor = follow(user)
    database.run(WRITE, [["C"], trader])
    second, cursor = follow(user, cursor)
    third, last = follow(user, cursor)

    assert (first, second, third) == (["A", "B"], ["C"], [])
    assert last == cursor


def test_what_the_account_made_in_shadow_is_told_only_when_asked(
    database: Database, trader: UUID
) -> None:
    user = reader(database, trader)
    database.run(WRITE, [["SHADOW"], trader])
    database.run("update public.signals set shadow = true")
    database.run(WRITE, [["LIVE"], trader])

    live, _ = follow(user)
    row = user.execute("select public.signals_since('', 100, true)").fetchone()

    assert live == ["LIVE"]
    assert row is not None
    told = [(signal["symbol"], signal["shadow"]) for signal in row[0]["signals"]]
    assert told == [("SHADOW", True), ("LIVE", False)]


def test_a_signal_that_commits_late_is_waited_for_and_not_skipped(
    database: Database, trader: UUID
) -> None:
    user = reader(database, trader)
    late = database.connect(autocommit=False)
    late.execute(WRITE, [["LATE"], trader])
    database.run(WRITE, [["EARLY"], trader])

    before, cursor = follow(user)
    late.commit()
    after, _ = follow(user, cursor)

    assert (before, after) == ([], ["LATE", "EARLY"])


def test_a_long_answer_is_read_in_parts(database: Database, trader: UUID) -> None:
    user = reader(database, trader)
    symbols = [f"S{number:03}" for number in range(25)]
    database.run(WRITE, [symbols, trader])

    seen, cursor = [], ""
    for _ in range(4):
        part, cursor = follow(user, cursor, 7)
        seen += part

    assert seen == symbols


def test_only_own_signals_are_read(database: Database, trader: UUID) -> None:
    database.run(WRITE, [["A"], trader])
    other = database.connect("authenticated", user=make_account(database))

    assert follow(other) == ([], "0:0")


@pytest.mark.parametrize("cursor", ["x", "1", "1:", "-1:2", "1:2:3", "' or 1", "9" * 40 + ":1"])
def test_a_cursor_that_is_none_is_refused(database: Database, cursor: str) -> None:
    with refused(database, "CW002", "a cursor looks like 733:1042"):
        database.one("select public.signals_since(%s)", [cursor])


@pytest.mark.parametrize("limit", [0, -1, 1001, None])
def test_a_limit_out_of_bounds_is_refused(database: Database, limit: int | None) -> None:
    with refused(database, "CW002", "p_limit is 1 to 1000"):
        database.one("select public.signals_since('', %s)", [limit])


def test_a_poll_reads_no_more_than_it_shows_whatever_the_statistics_say(
    database: Database, trader: UUID
) -> None:
    owner = database.one("select t.account_id from public.traders as t where t.id = %s", [trader])
    months = ["2026-01-05+00", "2026-02-05+00", "2026-03-05+00"]
    for month in months:
        database.run("select candlewatch.add_partition('public.signals', %s, 'month')", [month])
    superuser = database.connect("supabase_admin")
    superuser.execute("set session_replication_role = replica")
    superuser.execute(MANY.encode(), [trader, owner, months])
    # By these nothing is behind the last transaction's number, and a sort of it would be cheap.
    superuser.execute("analyze public.signals")
    cursor = database.one("select max(s.transaction_id::text::bigint) from public.signals as s")

    nodes = nodes_of(database, "select public.signals_since(%s, 5)", [f"{cursor}:0"], user=owner)

    read = [node for node in nodes if str(node.get("Relation Name", "")).startswith("signals")]
    assert {node["Node Type"] for node in read} == {"Index Scan"}
    assert all("account_id_transaction_id_id_idx" in node["Index Name"] for node in read)
    assert 0 < sum(node["Actual Rows"] for node in read) <= 5 + len(read)
    assert sum(node.get("Rows Removed by Filter", 0) for node in read) == 0
