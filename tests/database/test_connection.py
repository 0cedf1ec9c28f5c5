"""A call is repeated where that helps and refused in our own terms elsewhere."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

import httpx
import pytest

from candlewatch.database import Database
from candlewatch.database.breaker import Breaker
from candlewatch.database.connection import Connection, open_connection
from candlewatch.errors import DatabaseUnavailable, LeaseLost, RequestRefused
from candlewatch.settings import DATABASE_ATTEMPTS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

TOKEN = UUID("00000000-0000-4000-8000-000000000001")


def answers(*given: httpx.Response | Exception) -> Callable[[httpx.Request], httpx.Response]:
    """Return a server that gives these answers in turn."""
    waiting = list(given)

    def serve(_: httpx.Request) -> httpx.Response:
        answer = waiting.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    return serve


def connect(serve: Callable[[httpx.Request], httpx.Response]) -> tuple[Connection, list[float]]:
    """Return a connection to a server that is a function, and the pauses that it will make."""
    pauses: list[float] = []
    connection = open_connection("http://api/rest/v1", "key", "token", httpx.MockTransport(serve))
    connection.pause = pauses.append
    connection.uniform = lambda _, high: high
    return connection, pauses


def refused(code: str, status: int = 400, **fields: str) -> httpx.Response:
    return httpx.Response(status, json={"code": code, "message": "a sentence", **fields})


def test_a_call_names_its_schema_and_its_role() -> None:
    seen: list[httpx.Request] = []

    def serve(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(200, json={"slots": 3})

    connection, _ = connect(serve)

    assert connection.call("enqueue_ready", {"p_limit": 5}) == {"slots": 3}
    [request] = seen
    assert str(request.url) == "http://api/rest/v1/rpc/enqueue_ready"
    assert request.headers["content-profile"] == "worker"
    assert request.headers["authorization"] == "Bearer token"
    assert json.loads(request.content) == {"p_limit": 5}


@pytest.mark.parametrize(
    "passing",
    [
        httpx.ConnectError("refused"),
        httpx.ReadTimeout("slow"),
        httpx.RemoteProtocolError("closed"),
        refused("40P01"),
        refused("53300", 503),
        refused("55P03"),
        refused("57014", 500),
        refused("57P01", 503),
        refused("25006", 405),
        refused("PGRST000", 503),
        refused("PGRST002", 503),
        refused("PGRST003", 504),
        httpx.Response(502, text="<html>bad gateway</html>"),
        httpx.Response(503),
        httpx.Response(400, json={"code": "", "message": ""}),
    ],
)
def test_what_passes_by_itself_is_tried_again(passing: httpx.Response | Exception) -> None:
    connection, pauses = connect(answers(passing, httpx.Response(200, json=1)))

    assert connection.call("tick", {}) == 1
    assert len(pauses) == 1


def test_the_database_says_how_long_to_wait() -> None:
    busy = httpx.Response(503, headers={"retry-after": "2"}, json={"code": "PGRST000"})
    connection, pauses = connect(answers(busy, httpx.Response(200, json=1)))

    connection.call("tick", {})

    assert pauses == [2.0]


def test_pauses_grow_and_end_with_the_attempts() -> None:
    down = [httpx.ConnectError("refused") for _ in range(DATABASE_ATTEMPTS)]
    connection, pauses = connect(answers(*down))

    with pytest.raises(DatabaseUnavailable, match="no answer to tick"):
        connection.call("tick", {})

    assert len(pauses) == DATABASE_ATTEMPTS - 1
    assert pauses == sorted(pauses)


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (refused("CW001", hint="drop it"), LeaseLost),
        (refused("CW002"), RequestRefused),
        (refused("42501", 403), RequestRefused),
        (refused("PGRST301", 401), RequestRefused),
        (httpx.Response(401, text="no json"), RequestRefused),
        (httpx.Response(413, json=["a", "list"]), RequestRefused),
    ],
)
def test_what_does_not_pass_is_not_tried_again(
    answer: httpx.Response, error: type[Exception]
) -> None:
    connection, pauses = connect(answers(answer))

    with pytest.raises(error):
        connection.call("complete_batch", {})

    assert pauses == []


def test_a_refusal_carries_its_code_and_its_hint() -> None:
    connection, _ = connect(answers(refused("CW003", hint="stop a trader first")))

    with pytest.raises(RequestRefused, match="a sentence") as refusal:
        connection.call("start_trader", {})

    assert (refusal.value.code, refusal.value.hint) == ("CW003", "stop a trader first")


def test_a_call_without_a_body_in_its_answer_gives_nothing() -> None:
    connection, _ = connect(answers(httpx.Response(204)))

    assert connection.call("end_run", {}) is None


def test_frames_are_asked_for_as_bytes() -> None:
    seen: list[httpx.Request] = []

    def serve(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(200, content=b"\x00\x01")

    connection, _ = connect(serve)
    moment = datetime(2026, 1, 1, tzinfo=UTC)

    assert Database(connection).load_frames("5m", moment, moment) == b"\x00\x01"
    assert seen[0].headers["accept"] == "application/octet-stream"
    assert json.loads(seen[0].content)["p_timeframe"] == "5m"


def test_a_repeated_claim_carries_the_same_token() -> None:
    bodies: list[Any] = []
    turns: Iterator[int] = iter(range(9))

    def serve(request: httpx.Request) -> httpx.Response:
        bodies.append(json.loads(request.content))
        if next(turns) == 0:
            raise httpx.ReadTimeout("the answer was lost")
        return httpx.Response(200, json={"jobs": []})

    connection, _ = connect(serve)
    Database(connection).claim_batch(TOKEN, "tester", 5, 1.0, 20)

    assert [body["p_token"] for body in bodies] == [str(TOKEN)] * 2


def test_an_open_breaker_lets_one_probe_through() -> None:
    now = [0.0]
    breaker = Breaker(failures_limit=2, seconds=5, clock=lambda: now[0])
    breaker.failed()
    breaker.failed()

    with pytest.raises(DatabaseUnavailable) as refusal:
        breaker.enter()
    now[0] = 5.0
    breaker.enter()
    with pytest.raises(DatabaseUnavailable):
        breaker.enter()
    breaker.answered()
    breaker.enter()

    assert refusal.value.retry_after == 5.0


def test_a_refusal_of_the_database_does_not_open_the_breaker() -> None:
    connection, _ = connect(lambda _: refused("CW002"))
    connection.breaker.failures_limit = 1

    for _ in range(3):
        with pytest.raises(RequestRefused):
            connection.call("complete_batch", {})
