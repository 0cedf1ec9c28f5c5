"""Where Realtime exists, states and signals reach their owner's private channel and no other."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from tests.fixtures.factories import make_account, make_trader
from tests.fixtures.project import MIGRATIONS

from candlewatch.local import migrations

if TYPE_CHECKING:
    from uuid import UUID

    from tests.fixtures.database import Database

# What a hosted project has, as far as we use it.
# Source: github.com/supabase/realtime, lib/realtime/tenants/repo/migrations.
REALTIME = """
create schema realtime;
create table realtime.messages (
  id bigint generated always as identity primary key,
  topic text not null, event text, payload jsonb, private boolean
);
alter table realtime.messages enable row level security;
create function realtime.topic() returns text language sql stable
  as $$ select nullif(current_setting('realtime.topic', true), '') $$;
create function realtime.send(payload jsonb, event text, topic text, private boolean default true)
  returns void language sql
  as $$ insert into realtime.messages (payload, event, topic, private)
        values (payload, event, topic, private) $$;
grant usage on schema realtime to authenticated;
grant select on realtime.messages to authenticated;
"""


@pytest.fixture
def hosted(empty_database: Database) -> Database:
    """Migrate a database that has Realtime."""
    empty_database.run(REALTIME)
    migrations.apply_migrations(empty_database.sql, MIGRATIONS)
    return empty_database


def messages(database: Database, event: str) -> list[tuple[Any, ...]]:
    """Return topic, payload and privacy of the messages of a kind, oldest first."""
    return database.rows(
        "select m.topic, m.payload, m.private from realtime.messages as m "
        "where m.event = %s order by m.id",
        [event],
    )


def write_signals(
    database: Database, trader: UUID, symbols: list[str], *, shadow: bool = False
) -> None:
    """Write signals of one candle."""
    database.run("select candlewatch.prepare_partitions()")
    database.run(
        "insert into public.signals (trader_id, account_id, filter_id, symbol, timeframe, "
        "candle_at, price, dispatch_id, frame_revision, created_at, shadow) "
        "select s.trader_id, s.account_id, s.filter_id, x, '5m', now(), 1, 1, 1, now(), %s "
        "from public.trader_states as s cross join unnest(%s::text[]) as x where s.trader_id = %s",
        [shadow, symbols, trader],
    )


def test_each_change_of_a_state_is_one_private_message_to_its_owner(hosted: Database) -> None:
    owner = make_account(hosted)
    trader = make_trader(hosted, account=owner)

    hosted.run("update public.traders set enabled = false where id = %s", [trader])
    hosted.run(
        "do $$ begin perform set_config('candlewatch.engine', 'on', true); "
        f"update public.trader_states set reason = reason where trader_id = '{trader}'; end $$"
    )

    sent = messages(hosted, "state")
    assert [row[1]["state"] for row in sent] == ["starting", "stopped"]
    assert {row[0] for row in sent} == {f"account:{owner}"}
    assert {row[2] for row in sent} == {True}


def test_what_an_account_makes_in_shadow_is_not_sent(hosted: Database) -> None:
    owner = make_account(hosted)
    trader = make_trader(hosted, account=owner)
    write_signals(hosted, trader, ["AUSDT"], shadow=True)
    hidden = messages(hosted, "signals")

    write_signals(hosted, trader, ["BUSDT"])

    assert hidden == []
    [(_, payload, _)] = messages(hosted, "signals")
    assert [signal["symbol"] for signal in payload["signals"]] == ["BUSDT"]


def test_the_signals_of_a_trader_and_candle_are_one_message(hosted: Database) -> None:
    owner = make_account(hosted)
    trader = make_trader(hosted, account=owner)

    write_signals(hosted, trader, ["AUSDT", "BUSDT"])

    [(topic, payload, private)] = messages(hosted, "signals")
    assert (topic, private) == (f"account:{owner}", True)
    assert [signal["symbol"] for signal in payload["signals"]] == ["AUSDT", "BUSDT"]


def test_a_user_may_listen_to_the_own_channel_alone(hosted: Database) -> None:
    owner, other = make_account(hosted), make_account(hosted)
    write_signals(hosted, make_trader(hosted, account=owner), ["AUSDT"])
    heard = {}
    for user in (owner, other):
        connection = hosted.connect("authenticated", user=user)
        connection.execute("select set_config('realtime.topic', %s, false)", [f"account:{owner}"])
        rows = connection.execute("select m.topic from realtime.messages as m").fetchall()
        heard[user] = len(rows)

    assert heard[owner] > 0
    assert heard[other] == 0


def test_without_realtime_there_is_no_trigger_that_costs(database: Database) -> None:
    assert (
        database.rows("select t.tgname from pg_trigger as t where t.tgname like '%%are_broadcast'")
        == []
    )
