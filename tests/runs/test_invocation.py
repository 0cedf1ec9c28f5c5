"""A function is woken by signed calls alone, and each run leaves its row and one line of log."""

from __future__ import annotations

import json
import os
import socket
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from candlewatch.errors import CandlewatchError, SetupError
from candlewatch.runs.environment import process_name, read_environment
from candlewatch.runs.invocation import Invocation
from candlewatch.runs.signature import SIGNATURE_HEADER, TIME_HEADER, sign

if TYPE_CHECKING:
    from candlewatch.runs.deadline import Deadline

SECRET = "a secret of the test"
VARIABLES = {
    "CANDLEWATCH_API_URL": "http://127.0.0.1:1",
    "CANDLEWATCH_API_KEY": "publishable",
    "CANDLEWATCH_WORKER_TOKEN": "token",
    "CANDLEWATCH_WAKE_SECRET": SECRET,
    "CANDLEWATCH_WORKER_NAME": "tester",
}


class Book:
    """A book of runs that keeps what it was told."""

    def __init__(self) -> None:
        self.started: list[tuple[str, str, bool]] = []
        self.ended: list[tuple[int, str, dict[str, int]]] = []

    def start_run(self, function: str, worker: str, *, cold: bool) -> int:
        self.started.append((function, worker, cold))
        return len(self.started)

    def end_run(self, run: int, outcome: str, counts: dict[str, int]) -> None:
        self.ended.append((run, outcome, counts))


class Remaining:
    """A host's context with a fixed remaining time."""

    def __init__(self, seconds: float) -> None:
        self.seconds = seconds

    def get_remaining_time_in_millis(self) -> int:
        return int(self.seconds * 1000)


def wake(body: str = '{"function":"evaluate"}') -> dict[str, Any]:
    now = datetime.now(UTC).isoformat()
    headers = {TIME_HEADER.title(): now, SIGNATURE_HEADER: sign(SECRET, now, body)}
    return {"headers": headers, "body": body, "isBase64Encoded": False}


def make_invocation(book: Book) -> Invocation:
    return Invocation("evaluate", read_environment(VARIABLES), book)


def test_an_unsigned_call_does_nothing_and_is_answered_401() -> None:
    book = Book()

    response = make_invocation(book).serve({"headers": {}, "body": "{}"}, None, lambda _: {"n": 1})

    assert (response["statusCode"], book.started) == (401, [])


def test_a_run_leaves_its_counts_and_says_whether_it_started_cold() -> None:
    book = Book()
    invocation = make_invocation(book)

    first = invocation.serve(wake(), None, lambda _: {"jobs": 3})
    invocation.serve(wake(), None, lambda _: {"jobs": 0})

    assert json.loads(first["body"]) == {"run": 1, "jobs": 3}
    assert book.started == [("evaluate", "tester", True), ("evaluate", "tester", False)]
    assert book.ended == [(1, "done", {"jobs": 3}), (2, "done", {"jobs": 0})]


def test_an_error_of_ours_ends_the_run_with_its_sentence() -> None:
    book = Book()

    def fail(_: Deadline) -> dict[str, int]:
        raise CandlewatchError("the exchange is closed")

    response = make_invocation(book).serve(wake(), None, fail)

    assert response["statusCode"] == 500
    assert book.ended == [(1, "failed: the exchange is closed", {})]


def test_a_foreign_error_is_recorded_by_its_type_alone_and_raised() -> None:
    book = Book()

    def fail(_: Deadline) -> dict[str, int]:
        raise ZeroDivisionError("with a secret in it")

    with pytest.raises(ZeroDivisionError):
        make_invocation(book).serve(wake(), None, fail)

    assert book.ended == [(1, "failed: ZeroDivisionError", {})]


def test_the_deadline_leaves_a_margin_before_the_host_ends_the_call() -> None:
    left: list[float] = []

    def note(deadline: Deadline) -> dict[str, int]:
        left.append(deadline.left())
        return {}

    make_invocation(Book()).serve(wake(), Remaining(10.0), note)

    assert 0 < left[0] <= 7.0


def test_nothing_is_left_of_the_time_once_the_host_asked_to_stop() -> None:
    invocation = make_invocation(Book())
    invocation.stopping.set()
    left: list[float] = []

    def note(deadline: Deadline) -> dict[str, int]:
        left.append(deadline.left())
        return {}

    invocation.serve(wake(), None, note)

    assert left == [0.0]


def test_the_summary_is_one_line_of_json(capsys: pytest.CaptureFixture[str]) -> None:
    make_invocation(Book()).serve(wake(), None, lambda _: {"signals": 2})

    line = json.loads(capsys.readouterr().out)
    assert (line["event"], line["function"], line["signals"]) == ("run_ended", "evaluate", 2)


@pytest.mark.parametrize("name", sorted(VARIABLES.keys() - {"CANDLEWATCH_WORKER_NAME"}))
def test_a_missing_variable_is_refused_by_name(name: str) -> None:
    variables = {key: value for key, value in VARIABLES.items() if key != name}

    with pytest.raises(SetupError, match=name):
        read_environment(variables)


def test_a_wrong_variable_is_refused_without_its_value() -> None:
    with pytest.raises(SetupError) as refusal:
        read_environment(VARIABLES | {"CANDLEWATCH_WAKE_SECRET": "short"})

    assert "CANDLEWATCH_WAKE_SECRET" in str(refusal.value)
    assert "short" not in str(refusal.value).replace("should", "")


def test_a_process_bears_the_name_of_its_own_log_on_lambda_and_of_its_host_elsewhere() -> None:
    stream = "2026/01/05/candlewatch-evaluate[$LATEST]0f1e2d"

    assert process_name({"AWS_LAMBDA_LOG_STREAM_NAME": stream}) == stream
    assert process_name({}) == f"{socket.gethostname()}:{os.getpid()}"
