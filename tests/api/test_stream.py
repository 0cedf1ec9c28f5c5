"""A stream of signals goes on where its reader left off: nothing is missed, nothing comes twice."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import httpx

if TYPE_CHECKING:
    from collections.abc import Generator

    from tests.api.stage import Api

Event = dict[str, str]


def events(api: Api, token: str, last: str = "") -> Generator[Event]:
    """Read the stream, event by event, comments left out."""
    headers = api.headers(token) | ({"Last-Event-ID": last} if last else {})
    with httpx.stream(
        "GET", f"{api.url}/signals/stream", headers=headers, timeout=60, trust_env=False
    ) as answer:
        assert answer.status_code == httpx.codes.OK, answer.read()
        assert answer.headers["Content-Type"] == "text/event-stream"
        event: Event = {}
        for line in answer.iter_lines():
            name, _, value = line.partition(": ")
            if name:
                event[name] = value
            elif event:
                yield event
                event = {}


def signals_of(event: Event) -> list[dict[str, Any]]:
    """Return the signals of an event."""
    told: list[dict[str, Any]] = json.loads(event["data"])
    return told


def fire(api: Api, token: str, name: str) -> str:
    """Create a trader that matches on the newest candle, and run it."""
    made = api.rpc("create_trader", token, p_name=name, p_filter="close > open")
    trader = str(made.json()["id"])
    api.work()
    assert api.rpc("run_trader", token, p_trader=trader).is_success
    api.work()
    return trader


def test_a_reader_that_comes_back_gets_what_it_missed_and_nothing_twice(api: Api) -> None:
    token = api.sign_up()
    first = fire(api, token, "first")
    reader = events(api, token)
    seen = next(reader)
    reader.close()
    second = fire(api, token, "second")

    resumed = next(events(api, token, last=seen["id"]))

    assert {signal["trader_id"] for signal in signals_of(seen)} == {first}
    assert {signal["trader_id"] for signal in signals_of(resumed)} == {second}
    assert "account_id" not in signals_of(seen)[0]


def test_a_reader_is_told_of_signals_that_come_later(api: Api) -> None:
    token = api.sign_up()
    fire(api, token, "before")
    reader = events(api, token)
    before = next(reader)
    later = fire(api, token, "later")

    event = next(reader)

    assert event["event"] == "signals"
    assert {signal["trader_id"] for signal in signals_of(event)} == {later}
    assert event["id"] != before["id"]


def test_another_users_signals_are_not_in_the_stream(api: Api) -> None:
    fire(api, api.sign_up(), "theirs")
    token = api.sign_up()
    own = fire(api, token, "own")

    event = next(events(api, token))

    assert {signal["trader_id"] for signal in signals_of(event)} == {own}


def test_without_a_user_or_with_a_wrong_cursor_there_is_no_stream(api: Api) -> None:
    address = f"{api.url}/signals/stream"
    stranger = httpx.get(address, headers={"apikey": api.key}, trust_env=False)
    nobody = httpx.get(address, trust_env=False)
    wrong = httpx.get(
        address, headers=api.headers(api.sign_up()), params={"cursor": "x"}, trust_env=False
    )

    assert [stranger.status_code, nobody.status_code, wrong.status_code] == [401, 401, 400]
    assert wrong.json()["code"] == "CW002"
