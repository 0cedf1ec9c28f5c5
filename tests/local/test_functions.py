"""The host runs handlers as Lambda does, and what one process suffers costs its own call alone."""

from __future__ import annotations

import json
import os
import signal
import threading
from typing import TYPE_CHECKING, Any

import pytest
from tests.fixtures.functions import BROKEN, ECHO, FAILING, SLOW, write_function
from tests.fixtures.project import ENVIRONMENT
from tests.fixtures.waiting import is_alive, wait_for

from candlewatch.local.functions import INSTANCES_LIMIT, FunctionHost
from candlewatch.local.payload import Answer, event_of

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    functions = tmp_path / "functions"
    for name, source in (("echo", ECHO), ("failing", FAILING), ("broken", BROKEN), ("slow", SLOW)):
        write_function(functions, name, source)
    return functions


@pytest.fixture
def host(folder: Path, tmp_path: Path) -> Iterator[FunctionHost]:
    running = FunctionHost(folder, ENVIRONMENT | {"TOLD": "told"}, tmp_path)
    yield running
    running.stop(patience_seconds=0.0)


def event(body: bytes = b"{}") -> dict[str, Any]:
    return event_of("POST", "/echo", "a=1", {"X-Name": "value"}, body)


def content(answer: Answer) -> dict[str, Any]:
    return dict(json.loads(answer.body))


def call_slow(host: FunctionHost, file: Path) -> tuple[threading.Thread, list[Answer]]:
    """Start a call that never ends by itself; return once it is inside the handler."""
    answers: list[Answer] = []
    call = threading.Thread(
        target=lambda: answers.append(host.invoke("slow", event(str(file).encode())))
    )
    call.start()
    wait_for(file.exists, "the slow function works")
    return call, answers


def test_a_handler_gets_lambdas_payload_and_its_result_is_the_answer(host: FunctionHost) -> None:
    answer = host.invoke("echo", event(b'{"a": 1}'))

    told = content(answer)
    assert (answer.status, answer.headers["X-From"]) == (201, "echo")
    assert told["event"]["version"] == "2.0"
    assert told["event"]["body"] == '{"a": 1}'
    assert told["event"]["headers"] == {"x-name": "value"}
    assert told["event"]["rawQueryString"] == "a=1"
    assert told["event"]["requestContext"]["http"]["method"] == "POST"
    assert (told["name"], told["told"]) == ("echo", "told")
    assert told["request"] == told["event"]["requestContext"]["requestId"]
    assert 0 < told["left"] <= 60_000


def test_a_body_that_is_no_text_comes_as_base64(host: FunctionHost) -> None:
    told = content(host.invoke("echo", event(b"\xff\x00")))

    assert (told["event"]["body"], told["event"]["isBase64Encoded"]) == ("/wA=", True)


def test_the_second_call_finds_the_process_warm(host: FunctionHost) -> None:
    first, second = (content(host.invoke("echo", event())) for _ in range(2))

    assert first["pid"] == second["pid"]
    assert second["calls"] == 2


def test_an_error_of_the_handler_is_a_502_that_tells_its_type_alone(host: FunctionHost) -> None:
    answer = host.invoke("failing", event())

    assert (answer.status, content(answer)["message"]) == (502, "failing failed: ValueError")


def test_a_function_that_cannot_start_says_why(host: FunctionHost) -> None:
    answer = host.invoke("broken", event())

    assert answer.status == 502
    assert "CANDLEWATCH_API_URL: field required" in content(answer)["message"]


def test_an_unknown_function_is_a_404(host: FunctionHost) -> None:
    assert host.invoke("../echo", event()).status == 404


def test_a_killed_process_costs_its_own_call_and_no_other(
    host: FunctionHost, tmp_path: Path
) -> None:
    warm = content(host.invoke("echo", event()))
    call, answers = call_slow(host, tmp_path / "started")

    os.kill(host.pids("slow")[0], signal.SIGKILL)
    call.join()

    assert [answer.status for answer in answers] == [502]
    assert content(host.invoke("echo", event()))["pid"] == warm["pid"]


def test_a_process_that_died_between_calls_is_replaced(host: FunctionHost) -> None:
    first = content(host.invoke("echo", event()))
    os.kill(first["pid"], signal.SIGKILL)
    wait_for(lambda: not is_alive(first["pid"]), "the process is gone")

    second = host.invoke("echo", event())

    assert second.status == 201
    assert content(second)["pid"] != first["pid"]


def test_a_call_that_takes_too_long_is_killed(folder: Path, tmp_path: Path) -> None:
    host = FunctionHost(folder, ENVIRONMENT, tmp_path, call_seconds=0.5)

    answer = host.invoke("slow", event(str(tmp_path / "started").encode()))

    assert answer.status == 502
    assert host.pids("slow") == []


def test_calls_over_the_limit_are_told_to_come_back(
    host: FunctionHost, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("candlewatch.local.functions.QUEUE_SECONDS", 0.01)
    calls = [call_slow(host, tmp_path / str(number))[0] for number in range(INSTANCES_LIMIT)]

    answer = host.invoke("slow", event())

    assert (answer.status, answer.headers["Retry-After"]) == (429, "1")
    for pid in host.pids("slow"):
        os.kill(pid, signal.SIGKILL)
    for call in calls:
        call.join()


def test_a_stopped_host_leaves_no_process(host: FunctionHost, tmp_path: Path) -> None:
    host.invoke("echo", event())
    call, answers = call_slow(host, tmp_path / "started")
    pids = host.pids("echo") + host.pids("slow")

    host.stop(patience_seconds=0.1)
    call.join()

    assert len(pids) == 2
    assert not any(is_alive(pid) for pid in pids)
    assert [answer.status for answer in answers] == [502]
