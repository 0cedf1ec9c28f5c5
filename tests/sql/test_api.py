"""What users do over PostgREST: each call does what it says and answers in its one shape."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import httpx
import pytest
from psycopg.types.json import Jsonb
from tests.sql.checks import answer_check
from tests.sql.people import Person, operator, refusal, sign_up, stranger

if TYPE_CHECKING:
    from tests.fixtures.database import Database
    from tests.fixtures.rest import Rest

READY = {"ok": True, "needs": {"5m": 512}, "lookback": 14, "cost": 1.5, "symbols": [], "names": []}
NO_ONE = "00000000-0000-4000-8000-00000000dead"


@pytest.fixture
def user(api: Rest, schema: Database) -> Person:
    """Sign up a new user."""
    return sign_up(api, schema)


def create(user: Person, **arguments: object) -> str:
    """Create a trader by call and return its id."""
    answer = user.call("create_trader", **{"p_name": "n", "p_filter": "close > open", **arguments})
    assert answer.status_code == httpx.codes.OK, answer.text
    return str(answer.json()["id"])


def test_a_user_creates_reads_edits_and_deletes_traders_as_rows(user: Person) -> None:
    made = user.send(
        "POST",
        "traders",
        {"name": "Rows", "filter": "close > 1"},
        {"Prefer": "return=representation"},
    )
    trader = made.json()[0]["id"]
    edited = user.send("PATCH", f"traders?id=eq.{trader}", {"name": "Edited"})
    rows = user.rows(f"traders?select=name,enabled,trader_states(state)&id=eq.{trader}")
    deleted = user.send("DELETE", f"traders?id=eq.{trader}")

    assert [made.status_code, edited.status_code, deleted.status_code] == [201, 204, 204]
    assert rows == [{"name": "Edited", "enabled": True, "trader_states": {"state": "starting"}}]
    assert user.rows(f"traders?id=eq.{trader}") == []


def test_a_trader_is_created_started_stopped_and_asked_for_by_calls(
    user: Person, schema: Database
) -> None:
    trader = create(user, p_filter="close > 2", p_enabled=False)
    started = user.call("start_trader", p_trader=trader).json()
    answer_check(schema, trader, READY)
    status = user.send("GET", f"rpc/trader_status?p_trader={trader}").json()
    stopped = user.call("stop_trader", p_trader=trader, p_version=status["version"]).json()

    assert (started["state"], status["state"], stopped["state"]) == (
        "starting",
        "running",
        "stopped",
    )
    assert status["filter"]["needs"] == {"5m": 512}
    assert status["reason"] is None


def test_names_that_are_not_listed_or_not_traded_are_told_to_the_trader_s_owner(
    user: Person, schema: Database
) -> None:
    listed = [
        {"symbol": name, "base_asset": "", "quote_asset": "USDT", "trading": trading}
        for name, trading in (("BTCUSDT", True), ("币安USDT", True), ("OLDUSDT", False))
    ]
    schema.run("select worker.store_symbols(%s)", [Jsonb(listed)])
    named = ["BTCUSDT", "btcusdt", "OLDUSDT", "币安USDT", "NOPEUSDT"]

    trader = create(user, p_filter="close > 3", p_universe={"symbols": named})

    status = user.send("GET", f"rpc/trader_status?p_trader={trader}").json()
    assert status["universe"] == {
        "symbols": 2,
        "unknown_symbols": ["btcusdt", "NOPEUSDT"],
        "halted_symbols": ["OLDUSDT"],
    }


def test_a_refused_filter_tells_all_its_problems(user: Person, schema: Database) -> None:
    trader = create(user, p_filter="nonsense(")
    problem = {"line": 1, "column": 9, "rule": "syntax", "message": "a bracket", "hint": "add )"}
    answer_check(schema, trader, {"ok": False, "problems": [problem]})

    status = user.send("GET", f"rpc/trader_status?p_trader={trader}").json()

    assert status["state"] == "error"
    assert status["reason"] == "line 1, column 9: a bracket (add ))"
    assert status["filter"]["problems"] == [problem]


def test_a_wrong_value_is_one_clean_error(user: Person) -> None:
    error = refusal(
        user.call("create_trader", p_name="n", p_filter="close > 1", p_timeframe="7m"),
        400,
        "CW002",
    )

    assert error["message"].startswith("timeframe is one of 1m, 5m")
    assert error["hint"]


def test_a_limit_is_403_and_says_how_to_raise_it(api: Rest, schema: Database) -> None:
    user = sign_up(api, schema, tier="free")
    for _ in range(3):
        create(user)

    error = refusal(user.call("create_trader", p_name="n", p_filter="close > 1"), 403, "CW003")

    assert "running_limit" in error["message"]
    assert "larger tier" in error["hint"]


@pytest.mark.parametrize("function", ["start_trader", "stop_trader", "run_trader", "clone_trader"])
def test_not_yours_and_not_there_look_the_same(
    user: Person, api: Rest, schema: Database, function: str
) -> None:
    foreign = create(sign_up(api, schema))

    theirs = user.call(function, p_trader=foreign)
    nobodys = user.call(function, p_trader=NO_ONE)

    assert theirs.status_code == nobodys.status_code == httpx.codes.NOT_FOUND
    assert theirs.text.replace(foreign, "ID") == nobodys.text.replace(NO_ONE, "ID")


def test_a_stale_version_is_409(user: Person) -> None:
    trader = create(user)

    refusal(user.call("stop_trader", p_trader=trader, p_version=1), 409, "CW005")


def test_a_stopped_trader_is_not_run(user: Person) -> None:
    trader = create(user, p_enabled=False)

    refusal(user.call("run_trader", p_trader=trader), 409, "CW005")


def test_templates_are_listed_to_everybody_and_cloned_by_users(user: Person, api: Rest) -> None:
    templates = stranger(api).rows("templates?order=position")
    clones = [user.call("clone_template", p_slug=template["slug"]) for template in templates]

    assert len(templates) == 10
    assert {clone.status_code for clone in clones} == {200}
    assert [clone.json()["name"] for clone in clones] == [row["name"] for row in templates]
    refusal(user.call("clone_template", p_slug="nothing"), 404, "CW004")


def test_an_own_trader_is_cloned_stopped(user: Person) -> None:
    trader = create(user, p_name="First", p_universe={"top": 7}, p_cooldown_candles=4)

    clone = user.call("clone_trader", p_trader=trader).json()

    assert (clone["name"], clone["enabled"]) == ("Copy of First", False)
    row = user.rows(f"traders?id=eq.{clone['id']}")[0]
    assert (row["universe"], row["cooldown_candles"]) == ({"top": 7}, 4)


def test_usage_is_told_against_the_limits(user: Person) -> None:
    create(user)

    usage = user.send("GET", "rpc/usage").json()

    assert usage["tier"] == "elite"
    assert usage["traders"] == {"used": 1, "limit": 500}
    assert usage["warnings"] == []


def test_health_is_told_to_everybody(api: Rest) -> None:
    health = stranger(api).send("GET", "rpc/health")

    assert health.status_code == httpx.codes.OK
    assert health.json()["status"] in ("stopped", "starting", "late", "ok")


def test_an_operators_program_sees_all_and_may_set_a_tier(api: Rest, user: Person) -> None:
    trader = create(user)
    program = operator(api)

    changed = program.send("PATCH", f"accounts?id=eq.{user.user}", {"tier": "pro"})

    assert changed.status_code == httpx.codes.NO_CONTENT
    assert len(program.rows(f"traders?id=eq.{trader}")) == 1
    assert user.rows("accounts?select=tier") == [{"tier": "pro"}]


def test_the_description_of_the_api_shows_what_the_reader_may_call(api: Rest, user: Person) -> None:
    described = json.loads(user.send("GET", "").text)["paths"]
    to_strangers = json.loads(stranger(api).send("GET", "").text)["paths"]

    assert "/rpc/start_trader" in described
    assert "/traders" in described
    assert sorted(to_strangers) == [
        "/",
        "/candles",
        "/rpc/health",
        "/symbols",
        "/templates",
        "/tiers",
    ]
