"""Whatever an exchange does, what comes out of a fetch is true, closed candles or a named error.

Each script is played to the client over HTTP; its rule must have fired, and every candle that came
through must be the true one.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pytest
from tests.exchange.staging import NOON, Stage, control, market, staged

from candlewatch.errors import (
    ExchangeAnswerInvalid,
    ExchangeBanned,
    ExchangeForbidden,
    ExchangeRefused,
    ExchangeThrottled,
    ExchangeUnavailable,
    SetupError,
)
from candlewatch.exchange.fetch import Fetched, fetch_candles
from candlewatch.exchange.protocol import closed
from candlewatch.exchange.simulated.script import read_rules, read_script
from candlewatch.timeframes import TIMEFRAMES

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

FIVE: Final = TIMEFRAMES["5m"]
LAST: Final = FIVE.index_of(NOON) - 1
SPAN: Final = (LAST - 19, LAST + 1)
"""Twenty candles that are closed, and the one that forms."""

INVALID: Final[list[dict[str, Any]]] = [
    {"fault": "misaligned"},
    {"fault": "negative"},
    {"fault": "zero"},
    {"fault": "nan"},
    {"fault": "infinity"},
    {"fault": "overflow"},
    {"fault": "absurd", "factor": 1000},
    {"fault": "absurd", "factor": 0.001},
    {"fault": "high_below_low"},
    {"fault": "duplicate"},
    {"fault": "unsorted"},
    {"fault": "extra_column"},
    {"fault": "missing_column"},
    {"fault": "numbers"},
    {"fault": "wrong_close_time"},
    {"fault": "future"},
    {"fault": "truncate"},
    {"fault": "bomb"},
    {"fault": "body", "text": ""},
    {"fault": "body", "text": "<html><h1>It works!</h1></html>"},
    {"fault": "body", "text": "null"},
    {"fault": "body", "text": '{"code":0,"msg":"ok"}'},
    {"fault": "body", "text": "[[]]"},
    {"fault": "body", "text": "[[NaN]]"},
]
"""Scripts by which every answer is bad: the symbol has no candles, and says why."""

REFUSED: Final[list[tuple[dict[str, Any], type[Exception]]]] = [
    ({"fault": "status", "status": 429, "retry_after": 3}, ExchangeThrottled),
    ({"fault": "status", "status": 429}, ExchangeThrottled),
    ({"fault": "status", "status": 418, "retry_after": 120}, ExchangeBanned),
    ({"fault": "status", "status": 418}, ExchangeBanned),
    ({"fault": "status", "status": 403, "code": 0}, ExchangeForbidden),
    ({"fault": "status", "status": 451, "code": 0}, ExchangeForbidden),
    ({"fault": "status", "status": 500, "code": 0}, ExchangeUnavailable),
    ({"fault": "status", "status": 502, "code": 0}, ExchangeUnavailable),
    ({"fault": "status", "status": 503, "code": -1008}, ExchangeUnavailable),
    ({"fault": "status", "status": 504, "code": -1007}, ExchangeUnavailable),
    ({"fault": "status", "status": 400, "code": -1121}, ExchangeRefused),
    ({"fault": "status", "status": 400, "code": -1003}, ExchangeThrottled),
    ({"fault": "reset"}, ExchangeUnavailable),
]
"""Scripts by which every call fails, and with what error."""

HARMLESS: Final[list[tuple[dict[str, Any], int]]] = [
    ({"fault": "status", "status": 503, "code": 0, "times": 1}, 20),
    ({"fault": "truncate", "times": 1}, 20),
    ({"fault": "reset", "times": 1}, 20),
    ({"fault": "bomb", "times": 1}, 20),
    ({"fault": "body", "text": "<html>", "times": 1}, 20),
    ({"fault": "delay", "seconds": 0.05}, 20),
    ({"fault": "weight", "text": "5999", "times": 1}, 20),
    ({"fault": "weight", "text": "a lot"}, 20),
    ({"fault": "late", "seconds": 30}, 19),
    ({"fault": "gap"}, 19),
    ({"fault": "missing"}, 0),
    ({"fault": "revised", "seconds": 10**9}, 20),
    ({"fault": "symbol_status", "symbol": "BTCUSDT", "text": "HALT"}, 20),
]
"""Scripts in spite of which true candles come, and how many of the twenty."""


@pytest.fixture
def stage() -> Iterator[Stage]:
    with staged() as made:
        yield made


def fetch(stage: Stage) -> Fetched:
    """Fetch one symbol's candles as an ingest does, and keep what is closed."""
    now = stage.client.time(20)
    fetched = fetch_candles(stage.client, ["BTCUSDT"], FIVE, SPAN, seconds=20)
    for name, candles in fetched.candles.items():
        fetched.candles[name] = closed(candles, FIVE, now)
    return fetched


def true_values(numbers: np.ndarray) -> np.ndarray:
    return market().candles(FIVE, *SPAN)[:, 0][:, numbers - SPAN[0]]


def test_there_are_enough_scripts() -> None:
    assert len(INVALID) + len(REFUSED) + len(HARMLESS) >= 40


def test_without_a_script_all_closed_candles_come_and_no_open_one(stage: Stage) -> None:
    candles = fetch(stage).candles["BTCUSDT"]

    assert candles.numbers.tolist() == list(range(LAST - 19, LAST + 1))
    assert np.array_equal(candles.values, true_values(candles.numbers))


@pytest.mark.parametrize("rule", INVALID, ids=str)
def test_a_bad_answer_gives_no_candle_at_all(stage: Stage, rule: dict[str, Any]) -> None:
    stage.script({"endpoint": "klines", **rule})

    fetched = fetch(stage)

    assert fetched.candles == {}
    assert isinstance(fetched.failed["BTCUSDT"], ExchangeAnswerInvalid)
    assert stage.fired() == [2]


@pytest.mark.parametrize(("rule", "error"), REFUSED, ids=str)
def test_a_refusal_is_told_apart(
    stage: Stage, rule: dict[str, Any], error: type[Exception]
) -> None:
    stage.script({"endpoint": "klines", **rule})

    fetched = fetch(stage)

    assert fetched.candles == {}
    assert type(fetched.failed["BTCUSDT"]) is error
    assert stage.fired()[0] >= 1
    assert stage.exchange.accounts.ignored == 0


@pytest.mark.parametrize(("rule", "count"), HARMLESS, ids=str)
def test_what_comes_in_spite_of_a_fault_is_true(
    stage: Stage, rule: dict[str, Any], count: int
) -> None:
    stage.script({"endpoint": "klines", **rule})

    candles = fetch(stage).candles["BTCUSDT"]

    assert len(candles.numbers) == count
    assert np.array_equal(candles.values, true_values(candles.numbers))
    assert stage.fired()[0] >= 1


def test_a_clock_that_is_behind_hides_candles_and_one_that_is_ahead_shows_none_early(
    stage: Stage,
) -> None:
    for seconds, expected in ((-3.0, 19), (0.0, 20), (4.0, 20)):
        stage.script({"fault": "clock", "seconds": seconds})
        candles = fetch(stage).candles["BTCUSDT"]
        assert len(candles.numbers) == expected
        assert np.array_equal(candles.values, true_values(candles.numbers))


def test_a_revised_candle_is_as_it_was_before_its_time(stage: Stage) -> None:
    stage.script({"fault": "revised", "seconds": 301, "factor": 1.1, "endpoint": "klines"})

    values = fetch(stage).candles["BTCUSDT"].values

    true = true_values(np.arange(LAST - 19, LAST + 1))
    assert np.array_equal(values[:, -1], true[:, -1])
    assert np.allclose(values[:4, 0], true[:4, 0] * 1.1)


def test_one_bad_symbol_harms_no_other(stage: Stage) -> None:
    stage.script({"fault": "nan", "symbol": "ETHUSDT", "endpoint": "klines"})
    names = [symbol.name for symbol in market().symbols]

    fetched = fetch_candles(stage.client, names, FIVE, SPAN, seconds=20)

    assert list(fetched.failed) == ["ETHUSDT"]
    assert len(fetched.candles) == len(names) - 1
    assert fetched.closed is None


def test_a_refusal_ends_the_round_for_all_symbols(stage: Stage) -> None:
    stage.script({"fault": "status", "status": 429, "retry_after": 30, "endpoint": "klines"})
    names = [symbol.name for symbol in market().symbols]

    fetched = fetch_candles(stage.client, names, FIVE, SPAN, seconds=5, threads=2)

    assert len(fetched.failed) == len(names)
    assert isinstance(fetched.closed, ExchangeThrottled)
    assert stage.exchange.accounts.calls["klines"] <= 2


def test_rules_say_how_often_and_when_they_fire(stage: Stage) -> None:
    stage.script(
        {"fault": "truncate", "endpoint": "time", "skip": 1, "times": 2},
        {"fault": "truncate", "endpoint": "ticker/24hr", "until": NOON.isoformat()},
    )

    for expected in (NOON, None, NOON):
        if expected is None:
            with pytest.raises(ExchangeAnswerInvalid):
                stage.client.time(20)
        else:
            assert stage.client.time(20) == expected
    stage.client.quote_volumes(5)

    assert stage.fired() == [2, 0]


def test_scripts_come_over_the_control_endpoint_and_tell_that_they_fired(stage: Stage) -> None:
    control(stage.server, rules=[{"fault": "truncate", "endpoint": "time"}])
    with pytest.raises(ExchangeAnswerInvalid):
        stage.client.time(20)

    state = control(stage.server)

    assert state["rules"] == [{"fault": "truncate", "endpoint": "time", "seen": 2, "fired": 2}]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "at its start"),
        ("{}", "at its start: Input should be a valid"),
        ('[{"fault":"boredom"}]', r"at 0\.fault"),
        ('[{"fault":"late","second":3}]', r"at 0\.second"),
        ('[{"fault":"late"},{"fault":"gap","times":0}]', r"at 1\.times"),
    ],
)
def test_a_wrong_script_is_refused_in_a_sentence(text: str, sentence: str) -> None:
    with pytest.raises(SetupError, match=sentence):
        read_rules(text)


def test_a_script_is_read_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "script.json"
    file.write_text('[{"fault":"late","seconds":4,"after":"2026-03-04T12:00:00Z"}]')

    assert read_script(file)[0].after == datetime(2026, 3, 4, 12, tzinfo=UTC)
    with pytest.raises(SetupError, match="cannot be read: No such file"):
        read_script(tmp_path / "absent.json")
