"""A trader's state follows its owner's wish and its filter's check, by the table alone."""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING

import pytest
from tests.fixtures.factories import make_account, make_trader
from tests.sql.checks import answer_check, check_of, refused, state_of

if TYPE_CHECKING:
    from uuid import UUID

    from tests.fixtures.database import Database

READY = {"ok": True, "needs": {"5m": 512}, "lookback": 14, "cost": 1.5, "symbols": [], "names": []}
REFUSED = {
    "ok": False,
    "problems": [
        {
            "line": 2,
            "column": 7,
            "rule": "unknown_name",
            "message": "rsj is not known",
            "hint": "rsi",
        },
        {"line": 3, "column": 1, "rule": "unknown_name", "message": "x is not known", "hint": ""},
    ],
}


@pytest.fixture
def database(undone: Database) -> Database:
    """Use the module's database, and undo what the test did."""
    return undone


@pytest.fixture
def running(database: Database) -> UUID:
    """Make a trader whose filter was checked and found good."""
    trader = make_trader(database)
    answer_check(database, trader, READY)
    return trader


def test_a_row_with_only_a_name_and_a_filter_starts_and_runs_once_it_is_checked(
    database: Database,
) -> None:
    database.run("insert into public.traders (name, filter) values ('Typed', 'close > open')")
    trader = database.one("select t.id from public.traders as t")

    before = state_of(database, trader)
    answer_check(database, trader, READY)

    assert before.state == "starting"
    assert state_of(database, trader).state == "running"
    assert (
        database.one(
            "select a.tier from public.accounts as a join public.traders as t "
            "on t.account_id = a.id"
        )
        == "operator"
    )


def test_a_refused_filter_puts_its_trader_in_error_with_line_and_column(database: Database) -> None:
    trader = make_trader(database, filter="x\ny = rsj(close)")

    answer_check(database, trader, REFUSED)

    state = state_of(database, trader)
    assert state.state == "error"
    assert state.reason == "line 2, column 7: rsj is not known (rsi); and 1 more"


def test_one_check_answers_for_every_trader_with_that_text(database: Database) -> None:
    traders = [make_trader(database, filter="close > 7") for _ in range(3)]
    other = make_trader(database, filter="close > 8")

    answer_check(database, traders[0], READY)

    assert {state_of(database, trader).state for trader in traders} == {"running"}
    assert state_of(database, other).state == "starting"
    assert database.one("select count(*) from candlewatch.tasks as t where t.kind = 'check'") == 2


def test_a_text_that_was_checked_before_runs_at_once(database: Database, running: UUID) -> None:
    twin = make_trader(database)

    assert state_of(database, twin).state == "running"
    assert state_of(database, twin).filter_id == state_of(database, running).filter_id


def test_the_same_text_for_another_timeframe_is_another_filter(
    database: Database, running: UUID
) -> None:
    other = make_trader(database, timeframe="1h")

    assert state_of(database, other).state == "starting"
    assert state_of(database, other).filter_id != state_of(database, running).filter_id


def test_an_edit_is_checked_before_it_runs(database: Database, running: UUID) -> None:
    before = state_of(database, running)

    database.run("update public.traders set filter = 'close > 1' where id = %s", [running])

    edited = state_of(database, running)
    assert (before.state, edited.state) == ("running", "starting")
    assert edited.filter_id != before.filter_id
    assert edited.version == before.version + 1
    answer_check(database, running, READY)
    assert state_of(database, running).state == "running"


def test_an_edit_that_is_no_change_changes_nothing(database: Database, running: UUID) -> None:
    before = state_of(database, running)

    database.run("update public.traders set filter = filter, name = name where id = %s", [running])

    assert state_of(database, running) == before


def test_mending_a_refused_filter_takes_the_trader_out_of_error(database: Database) -> None:
    trader = make_trader(database, filter="rsj(close)")
    answer_check(database, trader, REFUSED)

    database.run("update public.traders set filter = 'rsi(close, 14) < 30' where id = %s", [trader])
    answer_check(database, trader, READY)

    assert state_of(database, trader).state == "running"
    assert state_of(database, trader).reason is None


def test_the_switch_stops_and_starts(database: Database, running: UUID) -> None:
    states = []
    for enabled in (False, True, False):
        database.run("update public.traders set enabled = %s where id = %s", [enabled, running])
        states.append(state_of(database, running).state)

    assert states == ["stopped", "running", "stopped"]


def test_a_start_that_is_made_twice_is_made_once(database: Database, running: UUID) -> None:
    before = state_of(database, running)

    database.run("select public.start_trader(%s)", [running])

    assert state_of(database, running) == before


def test_starting_a_trader_in_error_tries_it_again(database: Database, running: UUID) -> None:
    database.run("select candlewatch.apply_event(%s, 'fail', 'out of memory')", [running])
    failed = state_of(database, running)

    database.run("select public.start_trader(%s)", [running])

    assert (failed.state, failed.reason) == ("error", "out of memory")
    assert state_of(database, running).state == "running"


def test_a_switch_at_a_version_that_has_passed_is_refused(
    database: Database, running: UUID
) -> None:
    version = state_of(database, running).version

    with refused(database, "CW005", "is at version"):
        database.run("select public.stop_trader(%s, %s)", [running, version - 1])

    database.run("select public.stop_trader(%s, %s)", [running, version])
    assert state_of(database, running).state == "stopped"


def test_an_answer_with_a_stale_token_decides_nothing(database: Database) -> None:
    trader = make_trader(database)
    task = check_of(database, trader)

    outcome = database.one(
        "select worker.complete_check(gen_random_uuid(), %s, %s::jsonb)", [task, '{"ok": true}']
    )

    assert outcome["outcome"] == "fenced"
    assert state_of(database, trader).state == "starting"


def test_the_first_answer_holds(database: Database, running: UUID) -> None:
    filter_id = state_of(database, running).filter_id

    database.run("select candlewatch.decide_filter(%s, %s::jsonb)", [filter_id, '{"ok": false}'])

    assert state_of(database, running).state == "running"


def test_a_check_that_ended_without_an_answer_is_made_again_on_a_start(database: Database) -> None:
    trader = make_trader(database)
    lost = {
        "ok": False,
        "problems": [{"line": 1, "column": 1, "rule": "check_failed", "message": "x"}],
    }
    answer_check(database, trader, lost)
    failed = state_of(database, trader).state

    database.run("select public.start_trader(%s)", [trader])
    answer_check(database, trader, READY)

    assert failed == "error"
    assert state_of(database, trader).state == "running"


def test_only_the_transitions_of_the_table_happen(database: Database) -> None:
    known = {
        (row[0], row[1]): row[2]
        for row in database.rows(
            "select t.from_state, t.event, t.to_state from candlewatch.transitions as t"
        )
    }
    states = {state for pair in known for state in (pair[0], known[pair])}
    events = {event for _, event in known}
    for state, event in product(sorted(states), sorted(events)):
        trader = _trader_in(database, state)
        if (state, event) in known:
            database.run("select candlewatch.apply_event(%s, %s, 'because')", [trader, event])
            assert state_of(database, trader).state == known[state, event]
        else:
            with refused(database, "CW005", f"is {state} cannot have the event {event}"):
                database.run("select candlewatch.apply_event(%s, %s)", [trader, event])


def test_deleting_an_account_leaves_no_row_of_it(database: Database, running: UUID) -> None:
    owner = database.one("select t.account_id from public.traders as t where t.id = %s", [running])

    database.run("delete from auth.users where id = %s", [owner])

    for table in ("public.accounts", "public.traders", "public.trader_states"):
        column = "id" if table == "public.accounts" else "account_id"
        assert (
            database.one(f"select count(*) from {table} as x where x.{column} = %s", [owner]) == 0
        )


def test_every_text_about_an_unknown_trader_is_the_same(database: Database) -> None:
    unknown = "00000000-0000-4000-8000-00000000dead"
    for call in ("start_trader", "stop_trader", "trader_status", "run_trader"):
        with refused(database, "CW004", f"there is no trader {unknown}"):
            database.run(f"select public.{call}(%s)", [unknown])


def _trader_in(database: Database, state: str) -> UUID:
    trader = make_trader(database, account=make_account(database, tier="operator"), filter="close")
    paths: dict[str, tuple[str, ...]] = {
        "starting": (),
        "stopped": ("stop",),
        "running": ("checked",),
        "error": ("checked", "fail"),
    }
    for event in paths[state]:
        database.run("select candlewatch.apply_event(%s, %s, 'because')", [trader, event])
    assert state_of(database, trader).state == state
    return trader
