"""A call ends in an answer or in an error that says what to do, in time, and within the rules."""

from __future__ import annotations

import gzip
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from tests.exchange.bad_answers import FIRST, FIVE, GOOD, LAST
from tests.exchange.staging import NOON, QUICK, staged

from candlewatch.errors import (
    ExchangeAnswerInvalid,
    ExchangeBanned,
    ExchangeError,
    ExchangeForbidden,
    ExchangeRefused,
    ExchangeThrottled,
    ExchangeUnavailable,
)
from candlewatch.exchange.asking import Asker
from candlewatch.exchange.binance import BinanceExchange
from candlewatch.exchange.budget import MemoryBudget
from candlewatch.exchange.question import Surroundings
from candlewatch.exchange.retries import RetryPolicy
from candlewatch.settings import EXCHANGE_BREAKER_FAILURES, KLINES_BYTES

Serve = "Callable[[httpx.Request], httpx.Response]"
NOW = datetime(2026, 1, 5, 12, tzinfo=UTC)
DATE = {"date": "Mon, 05 Jan 2026 11:00:00 GMT"}


class Sky:
    """Time and chance of a client; sleeping moves the time."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.pauses: list[float] = []
        self.asked: list[str] = []
        self.budget = MemoryBudget(clock=self.now)

    def now(self) -> datetime:
        return NOW + timedelta(seconds=self.seconds)

    def sleep(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.seconds += seconds

    def client(
        self,
        *answers: httpx.Response | Exception,
        sources: tuple[str, ...] = ("https://one",),
        policy: RetryPolicy | None = None,
    ) -> BinanceExchange:
        """Return a client of an exchange that gives these answers, the last one for ever."""
        waiting = list(answers)

        def serve(request: httpx.Request) -> httpx.Response:
            self.asked.append(str(request.url))
            answer = waiting.pop(0) if len(waiting) > 1 else waiting[0]
            if isinstance(answer, Exception):
                raise answer
            # A response is read once; each call gets one of its own.
            headers = [(k, v) for k, v in answer.headers.raw if k.lower() != b"content-length"]
            content = answer.extensions["content"]
            return httpx.Response(answer.status_code, headers=headers, stream=Bytes(content))

        here = Surroundings(lambda: self.seconds, self.now, self.sleep, lambda _, high: high)
        asker = Asker(
            self.budget,
            sources,
            policy=policy,
            transport=httpx.MockTransport(serve),
            surroundings=here,
        )
        return BinanceExchange(asker)


class Bytes(httpx.SyncByteStream):
    """A body as it comes over the wire."""

    def __init__(self, content: bytes) -> None:
        self.content = content

    def __iter__(self) -> Any:
        yield self.content


def answer(status: int = 200, content: bytes = GOOD, **headers: str) -> httpx.Response:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return httpx.Response(status, headers=named, extensions={"content": content})


def ask(client: BinanceExchange, seconds: float = 30.0) -> int:
    return len(client.candles("BTCUSDT", FIVE, FIRST, LAST, seconds).numbers)


def test_the_question_names_symbol_interval_and_times() -> None:
    sky = Sky()

    ask(sky.client(answer()))

    start, end = FIRST * FIVE.ms, (LAST + 1) * FIVE.ms - 1
    times = f"startTime={start}&endTime={end}&limit=6"
    assert sky.asked == [f"https://one/api/v3/klines?symbol=BTCUSDT&interval=5m&{times}"]


def test_a_symbol_of_any_letters_is_escaped() -> None:
    sky = Sky()

    sky.client(answer()).candles("币安USDT", FIVE, FIRST, LAST, 5)

    assert "symbol=%E5%B8%81%E5%AE%89USDT&" in sky.asked[0]


@pytest.mark.parametrize("last", [FIRST - 1, FIRST + 1_000])
def test_no_more_than_a_thousand_candles_are_asked_for(last: int) -> None:
    with pytest.raises(ValueError, match="1 to 1000 candles per call"):
        Sky().client(answer()).candles("A", FIVE, FIRST, last, 5)


@pytest.mark.parametrize(
    ("status", "content", "error"),
    [
        (500, b"", ExchangeUnavailable),
        (502, b"<html>", ExchangeUnavailable),
        (503, b'{"code":-1008,"msg":"overloaded"}', ExchangeUnavailable),
        (504, b'{"code":-1007,"msg":"Timeout"}', ExchangeUnavailable),
        (408, b"", ExchangeUnavailable),
        (400, b'{"code":-1007,"msg":"Timeout"}', ExchangeUnavailable),
        (400, b'{"code":-1003,"msg":"Too many"}', ExchangeThrottled),
        (429, b"", ExchangeThrottled),
        (418, b"", ExchangeBanned),
        (403, b"<html>", ExchangeForbidden),
        (451, b'{"code":0,"msg":"restricted location"}', ExchangeForbidden),
        (400, b'{"code":-1121,"msg":"Invalid symbol."}', ExchangeRefused),
        (404, b"", ExchangeRefused),
        (301, b"", ExchangeAnswerInvalid),
        (204, b"", ExchangeAnswerInvalid),
        (200, b"<html>ok</html>", ExchangeAnswerInvalid),
    ],
)
def test_each_refusal_is_an_error_of_its_own(
    status: int, content: bytes, error: type[ExchangeError]
) -> None:
    with pytest.raises(error) as caught:
        ask(Sky().client(answer(status, content)))

    assert type(caught.value) is error


def test_the_code_of_an_unknown_symbol_is_told() -> None:
    content = b'{"code":-1121,"msg":"Invalid symbol."}'

    with pytest.raises(ExchangeRefused, match=r"one answered 400: Invalid symbol\.") as caught:
        ask(Sky().client(answer(400, content)))

    assert caught.value.code == -1121


@pytest.mark.parametrize(
    "failure",
    [
        answer(500),
        answer(content=b"[["),
        httpx.ReadTimeout("slow"),
        httpx.ConnectError("refused"),
        httpx.RemoteProtocolError("nonsense"),
        ConnectionResetError(),
    ],
    ids=repr,
)
def test_what_may_pass_is_asked_again_with_growing_pauses(
    failure: httpx.Response | Exception,
) -> None:
    sky = Sky()

    count = ask(sky.client(failure, failure, answer()))

    assert count == 6
    assert sky.pauses == [0.25, 0.5]


@pytest.mark.parametrize("status", [400, 403, 404, 418, 429, 451])
def test_what_does_not_pass_is_asked_once(status: int) -> None:
    sky = Sky()

    with pytest.raises(ExchangeError):
        ask(sky.client(answer(status)))

    assert len(sky.asked) == 1


def test_attempts_are_bounded() -> None:
    sky = Sky()

    with pytest.raises(ExchangeUnavailable):
        ask(sky.client(answer(500)))

    assert len(sky.asked) == 3


def test_no_pause_goes_beyond_the_time_of_the_call() -> None:
    sky = Sky()

    with pytest.raises(ExchangeUnavailable):
        ask(sky.client(answer(500)), seconds=0.6)

    assert sky.pauses == [0.25]


@pytest.mark.parametrize(
    ("headers", "status", "seconds"),
    [
        ({"retry-after": "7", **DATE}, 429, 7 - 3600 + 1),
        ({"retry-after": "7"}, 429, 7),
        ({}, 429, 60),
        ({"retry-after": "soon"}, 429, 60),
        ({"retry-after": "-5"}, 429, 60),
        ({"retry-after": "0"}, 429, 1),
        ({"retry-after": "99999999999"}, 418, 259_200),
        ({}, 418, 120),
        ({"retry-after": "7", "date": "yesterday"}, 429, 7),
        ({"retry-after": "7", "date": "Mon, 05 Jan 2099 11:00:00 GMT"}, 429, 7),
    ],
)
def test_a_refusal_says_until_when(headers: dict[str, str], status: int, seconds: int) -> None:
    with pytest.raises(ExchangeThrottled) as caught:
        ask(Sky().client(answer(status, b"", **headers)))

    assert caught.value.retry_at == NOW + timedelta(seconds=seconds)


def test_nobody_calls_before_the_refusal_is_over_and_then_one_probe_opens_it() -> None:
    sky = Sky()
    client = sky.client(answer(429, b"", retry_after="10"), answer())
    other = sky.client(answer())
    for asking in (client, client, other):
        with pytest.raises(ExchangeThrottled):
            ask(asking)
    assert len(sky.asked) == 1

    sky.seconds += 10.5
    assert ask(client) == 6
    assert ask(other) == 6


def test_only_one_probe_goes_out() -> None:
    sky = Sky()
    with pytest.raises(ExchangeThrottled):
        ask(sky.client(answer(429, b"", retry_after="10")))
    sky.seconds += 10.5

    for calls in (1, 0):
        answer_ = sky.budget.reserve("https://one", [2, 2], history=False, count=None)
        assert answer_.calls == calls


def test_a_failed_probe_closes_the_source_again() -> None:
    sky = Sky()
    client = sky.client(answer(429, b"", retry_after="10"), answer(500))
    with pytest.raises(ExchangeThrottled):
        ask(client)
    sky.seconds += 10.5

    with pytest.raises(ExchangeUnavailable):
        ask(client)

    assert len(sky.asked) == 2


def test_a_source_that_keeps_failing_is_left_alone_but_for_a_probe() -> None:
    sky = Sky()
    client = sky.client(*[answer(500)] * EXCHANGE_BREAKER_FAILURES, answer())
    for _ in range(20):
        with pytest.raises(ExchangeUnavailable):
            ask(client, seconds=5)
    assert len(sky.asked) == EXCHANGE_BREAKER_FAILURES

    sky.seconds += 16

    assert ask(client) == 6


@pytest.mark.parametrize("failure", [answer(500), answer(418), answer(451), answer(content=b"?")])
def test_the_fallback_is_asked_when_the_first_source_fails(failure: httpx.Response) -> None:
    sky = Sky()
    policy = RetryPolicy(attempts=1)
    client = sky.client(failure, answer(), sources=("https://one", "https://two"), policy=policy)

    assert ask(client) == 6
    assert [url[:11] for url in sky.asked] == ["https://one", "https://two"]


def test_the_fallback_is_not_asked_after_a_429() -> None:
    sky = Sky()

    with pytest.raises(ExchangeThrottled):
        ask(sky.client(answer(429), answer(), sources=("https://one", "https://two")))

    assert len(sky.asked) == 1


def test_the_first_source_s_reason_is_told_when_all_fail() -> None:
    client = Sky().client(answer(451), answer(500), sources=("https://one", "https://two"))

    with pytest.raises(ExchangeForbidden, match="one answered 451"):
        ask(client)


def test_the_budget_is_never_exceeded() -> None:
    sky = Sky()
    sky.budget = MemoryBudget(weight_per_minute=10, clock=sky.now)
    client = sky.client(answer())

    for _ in range(5):
        ask(client, seconds=1)
    with pytest.raises(ExchangeThrottled, match="weight budget of https://one is used up"):
        ask(client, seconds=1)

    assert len(sky.asked) == 5


def test_a_used_up_budget_is_waited_for_where_there_is_time() -> None:
    sky = Sky()
    sky.budget = MemoryBudget(weight_per_minute=10, clock=sky.now)
    client = sky.client(answer())
    sky.seconds = 50

    for _ in range(8):
        ask(client, seconds=20)

    assert sky.pauses == [10.0]


def test_weight_that_others_used_on_our_address_counts() -> None:
    sky = Sky()
    client = sky.client(answer(x_mbx_used_weight_1m="2999"))
    ask(client)
    sky.seconds += 3

    with pytest.raises(ExchangeThrottled, match="used up"):
        ask(client, seconds=1)


@pytest.mark.parametrize("text", ["", "-1", "many", "1e9", "9" * 40, "²"])
def test_a_strange_weight_is_ignored(text: str) -> None:
    sky = Sky()
    response = httpx.Response(
        200, headers=[(b"x-mbx-used-weight-1m", text.encode())], extensions={"content": GOOD}
    )

    assert ask(sky.client(response)) == 6


def test_an_answer_above_its_size_is_rejected() -> None:
    for body in (b" " * (KLINES_BYTES + 1), GOOD + b" " * KLINES_BYTES):
        with pytest.raises(ExchangeAnswerInvalid, match="larger than"):
            ask(Sky().client(answer(content=body)))


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (gzip.compress(b" " * (1 << 28)), "larger than"),
        (gzip.compress(GOOD)[:-20], "cut off"),
        (GOOD, "says that it is gzip"),
        (b"", "cut off"),
    ],
)
def test_bad_gzip_is_rejected(content: bytes, sentence: str) -> None:
    with pytest.raises(ExchangeAnswerInvalid, match=sentence):
        ask(Sky().client(answer(content=content, content_encoding="gzip")))


def test_good_gzip_is_read() -> None:
    zipped = answer(content=gzip.compress(GOOD), content_encoding="gzip")

    assert ask(Sky().client(zipped)) == 6


def test_without_a_source_there_is_a_sentence() -> None:
    with pytest.raises(ExchangeUnavailable, match="no source of market data is configured"):
        ask(Sky().client(answer(), sources=()))


@pytest.mark.parametrize("fault", ["delay", "drip"])
def test_a_slow_answer_is_cut_off_at_the_call_s_deadline(fault: str) -> None:
    policy = RetryPolicy(attempts=1, call_seconds=1)
    with staged(policy=policy) as stage:
        stage.script({"fault": fault, "seconds": 0.5 if fault == "drip" else 5})
        with pytest.raises(ExchangeUnavailable, match="ReadTimeout"):
            stage.client.time(30)
        stage.script()

        assert stage.client.time(30) == NOON


def test_a_port_where_nobody_listens_is_unavailable() -> None:
    exchange = BinanceExchange(Asker(MemoryBudget(), ("http://127.0.0.1:9",), policy=QUICK))
    with pytest.raises(ExchangeUnavailable, match="ConnectError"):
        exchange.time(5)
    exchange.close()
