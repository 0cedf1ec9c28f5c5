"""A function serves users whom the database admits, within limits, and none of another's data."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest
from tests.api.stage import SYMBOLS, WAKE_SECRET
from tests.fixtures.factories import make_account

from candlewatch.runs.signature import SIGNATURE_HEADER, TIME_HEADER, sign

if TYPE_CHECKING:
    import httpx
    from tests.api.stage import Api

FUNCTIONS = ("check", "preview", "explain")
NO_ONE = "00000000-0000-4000-8000-00000000dead"


def refusal(answer: httpx.Response, status: int, code: str) -> dict[str, Any]:
    """Check the one shape of all errors, and return it."""
    assert answer.status_code == status, answer.text
    error: dict[str, Any] = answer.json()
    assert set(error) == {"code", "message", "hint", "details"}
    assert (error["code"], bool(error["message"])) == (code, True)
    return error


def make_trader(api: Api, token: str, **arguments: Any) -> str:
    """Create a trader and have its filter checked."""
    wishes = {"p_name": "n", "p_filter": "close > open", **arguments}
    made = api.rpc("create_trader", token, **wishes)
    assert made.is_success, made.text
    api.work()
    return str(made.json()["id"])


def test_a_right_filter_is_told_what_it_needs(api: Api) -> None:
    answer = api.call("check", api.sign_up(), filter='at("1h", rsi(close, 14)) < 30')

    told = answer.json()
    assert (answer.status_code, told["ok"]) == (200, True)
    assert set(told["needs"]) == {"5m", "1h"}


def test_a_wrong_filter_is_told_all_its_problems(api: Api) -> None:
    told = api.call("check", api.sign_up(), filter="rsy(close) > 1\nclos > 2").json()

    assert told["ok"] is False
    assert {problem["line"] for problem in told["problems"]} == {1, 2}


def test_a_preview_shows_the_matches_of_now_and_the_signals_of_a_day(api: Api) -> None:
    told = api.call("preview", api.sign_up(), filter="up = close - open\nup > 0").json()

    assert told["symbols"] == len(SYMBOLS)
    assert "BTCUSDT" in [match["symbol"] for match in told["now"]["matches"]]
    assert told["now"]["matches"][0]["values"]["up"] > 0
    day = told["last_day"]
    assert (day["candles"], day["unknown_count"]) == (288, 0)
    assert day["signals"] == sum(day["by_symbol"].values())
    assert 0 < day["signals"] < day["true_count"]


def test_a_preview_keeps_to_the_wishes_of_the_trader(api: Api) -> None:
    token = api.sign_up()
    wishes = {"filter": "close > 0", "universe": {"symbols": ["ETHUSDT", "NONEUSDT"]}}

    entries = api.call("preview", token, **wishes).json()["last_day"]
    always = api.call("preview", token, **wishes, emit="every_candle").json()["last_day"]
    calm = api.call("preview", token, **wishes, emit="every_candle", cooldown_candles=287).json()[
        "last_day"
    ]

    assert [told["signals"] for told in (entries, always, calm)] == [0, 288, 1]
    assert always["by_symbol"] == {"ETHUSDT": 288}


def test_a_preview_of_a_wrong_filter_is_refused_with_its_problems(api: Api) -> None:
    error = refusal(api.call("preview", api.sign_up(), filter="emma(close, 5) > 1"), 400, "CW002")

    assert error["message"].startswith("line 1, column 1: ")
    assert "ema" in error["hint"]
    assert len(error["details"]) == 1


def test_a_timeframe_without_candles_is_told(api: Api) -> None:
    answer = api.call("preview", api.sign_up(), filter="close > open", timeframe="1d")

    refusal(answer, 409, "CW005")


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"filter": 5},
        {"filter": "close > open", "timeframe": "7m"},
        {"filter": "close > open", "universe": []},
        {"filter": "close > open", "universe": {"top": 0}},
        {"filter": "close > open", "universe": {"symbols": "BTCUSDT"}},
        {"filter": "close > open", "emit": "sometimes"},
        {"filter": "close > open", "cooldown_candles": -1},
        {"filter": "close > open", "cooldown_candles": True},
    ],
)
def test_a_preview_of_a_wrong_wish_is_refused(api: Api, body: dict[str, Any]) -> None:
    refusal(api.call("preview", api.sign_up(), **body), 400, "CW002")


def test_a_silent_trader_is_explained_part_by_part(api: Api) -> None:
    token = api.sign_up()
    trader = make_trader(api, token, p_filter="close > 0 and close < 0")

    told = api.call("explain", token, trader=trader, candles=10).json()

    assert (told["state"], told["signals"], told["candles"]) == ("running", 0, 10)
    counts = {part["text"]: part["true"] for part in told["parts"]}
    assert counts["close > 0"] == 10 * len(SYMBOLS)
    assert counts["close < 0"] == 0
    assert "close < 0" in " ".join(told["summary"])


def test_a_stopped_trader_is_told_that_it_is(api: Api) -> None:
    token = api.sign_up()
    trader = make_trader(api, token, p_enabled=False)

    told = api.call("explain", token, trader=trader, candles=1).json()

    assert told["summary"][0] == "The trader is stopped."


def test_a_trader_that_gave_signals_is_told_how_many(api: Api) -> None:
    token = api.sign_up()
    trader = make_trader(api, token)
    assert api.rpc("run_trader", token, p_trader=trader).is_success
    api.work()

    told = api.call("explain", token, trader=trader).json()

    assert told["signals"] >= 1


def test_another_users_trader_looks_like_one_that_is_not_there(api: Api) -> None:
    trader = make_trader(api, api.sign_up())
    stranger = api.sign_up()

    other = refusal(api.call("explain", stranger, trader=trader), 404, "CW004")
    nobody = refusal(api.call("explain", stranger, trader=NO_ONE), 404, "CW004")
    nonsense = refusal(api.call("explain", stranger, trader="x&id=gt.0"), 404, "CW004")

    assert other["message"].replace(trader, NO_ONE) == nobody["message"]
    assert nonsense["hint"] == nobody["hint"]


@pytest.mark.parametrize("function", FUNCTIONS)
def test_without_a_users_token_nothing_is_served(api: Api, function: str) -> None:
    user = make_account(api.database)
    expired = api.token(user, exp=1)
    elsewhere = api.token(user, aud="elsewhere")
    forged = expired[:-4] + "AAAA"

    assert refusal(api.send(function, json={}), 401, "CW009")["hint"]
    refusal(api.call(function, api.key), 401, "CW009")
    refusal(api.call(function, api.rest.token("anon")), 401, "CW009")
    for token in (expired, forged, elsewhere, "x", "a.b.c"):
        assert api.call(function, token).status_code == 401
    assert api.call(function, api.rest.token("candlewatch_worker")).status_code == 403


def test_a_banned_user_is_not_served(api: Api) -> None:
    user = make_account(api.database)
    api.database.run(
        "update auth.users set banned_until = now() + interval '1 day' where id = %s", [user]
    )

    refusal(api.call("check", api.token(user), filter="close > open"), 401, "CW009")


@pytest.mark.parametrize("function", FUNCTIONS)
def test_calls_count_against_the_rate_limit(api: Api, function: str) -> None:
    user = make_account(api.database, tier="free")
    api.database.run(
        "insert into candlewatch.call_buckets (account_id, calls_left, filled_at) "
        "values (%s, 1, clock_timestamp() + interval '1 hour')",
        [user],
    )

    first = api.call(function, api.token(user), filter="close > open", trader=NO_ONE)
    second = api.call(function, api.token(user), filter="close > open", trader=NO_ONE)

    assert first.status_code != 429
    refusal(second, 429, "CW007")
    assert int(second.headers["Retry-After"]) >= 1


@pytest.mark.parametrize("function", FUNCTIONS)
@pytest.mark.parametrize("body", ["", "{", "[1]", "null", "[" * 5000])
def test_a_body_that_is_no_object_is_refused(api: Api, function: str, body: str) -> None:
    answer = api.send(function, content=body, headers=api.headers(api.sign_up()))

    refusal(answer, 400, "CW002")


def test_a_body_over_the_limit_is_refused(api: Api) -> None:
    answer = api.call("check", api.sign_up(), filter="x" * 70_000)

    refusal(answer, 413, "CW010")


def test_only_a_right_signature_wakes_the_check_function(api: Api) -> None:
    moment = datetime.now(UTC).isoformat()
    body = json.dumps({"function": "check"})
    right = {TIME_HEADER: moment, SIGNATURE_HEADER: sign(WAKE_SECRET, moment, body)}
    wrong = {**right, SIGNATURE_HEADER: sign("another secret", moment, body)}
    with_token = {**wrong, **api.headers(api.sign_up())}

    woken = api.send("check", content=body, headers=right)

    assert (woken.status_code, woken.json()["refused"]) == (200, 0)
    assert api.send("check", content=body, headers=wrong).status_code == 401
    assert api.send("check", content=body, headers=with_token).status_code == 401


@pytest.mark.parametrize("function", ["preview", "explain"])
def test_a_signed_wake_is_no_users_call(api: Api, function: str) -> None:
    moment = datetime.now(UTC).isoformat()
    signed = {TIME_HEADER: moment, SIGNATURE_HEADER: sign(WAKE_SECRET, moment, "{}")}

    refusal(api.send(function, content="{}", headers=signed), 401, "CW009")


def test_a_page_of_a_browser_may_read_the_answer(api: Api) -> None:
    answer = api.call("check", api.sign_up(), filter="close > open")

    assert answer.headers["Access-Control-Allow-Origin"] == "*"


def test_health_says_that_nothing_ticks(api: Api) -> None:
    answer = api.send("health", "GET")

    assert (answer.status_code, answer.json()["status"]) == (503, "stopped")
