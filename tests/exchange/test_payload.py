"""An answer is used whole or not at all, and nothing but our own error comes out of reading it."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import numpy as np
import pytest
from tests.exchange.bad_answers import BAD_ANSWERS, FIRST, FIVE, GOOD, LAST, good_rows, written
from tests.fuzz import answers

from candlewatch.errors import ExchangeAnswerInvalid
from candlewatch.exchange.payload import (
    read_error,
    read_klines,
    read_listings,
    read_quote_volumes,
    read_time,
)
from candlewatch.exchange.protocol import Listing, jumps


def test_a_good_answer_is_read() -> None:
    candles = read_klines(GOOD, FIVE, FIRST, LAST)

    assert candles.numbers.tolist() == list(range(FIRST, LAST + 1))
    assert candles.values.shape == (6, 6)
    assert candles.values[:, 2].tolist() == [102.0, 105.5, 101.25, 103.0, 12.5, 1250.0]
    assert candles.values.dtype == np.float64


def test_an_empty_list_is_an_answer() -> None:
    candles = read_klines(b"[]", FIVE, FIRST, LAST)

    assert candles.values.shape == (6, 0)
    assert candles.numbers.shape == (0,)


def test_a_candle_without_trades_is_legal() -> None:
    rows = good_rows()
    rows[3][1:6] = ["103.00000000"] * 4 + ["0.00000000"]
    rows[3][7:11] = ["0.00000000", 0, "0.00000000", "0.00000000"]

    assert read_klines(written(rows), FIVE, FIRST, LAST).values[4, 3] == 0


def test_a_missing_candle_leaves_a_gap_in_the_numbers() -> None:
    rows = good_rows()
    del rows[2]

    numbers = read_klines(written(rows), FIVE, FIRST, LAST).numbers

    assert (numbers - FIRST).tolist() == [0, 1, 3, 4, 5]


def test_the_corpus_is_large_enough() -> None:
    assert len(BAD_ANSWERS) >= 70


@pytest.mark.parametrize("body", BAD_ANSWERS.values(), ids=BAD_ANSWERS)
def test_a_bad_answer_is_rejected_whole(body: bytes) -> None:
    with pytest.raises(ExchangeAnswerInvalid):
        read_klines(body, FIVE, FIRST, LAST)


@pytest.mark.parametrize("body", BAD_ANSWERS.values(), ids=BAD_ANSWERS)
def test_other_endpoints_reject_it_too(body: bytes) -> None:
    for read in (read_time, read_listings, read_quote_volumes):
        with pytest.raises(ExchangeAnswerInvalid):
            read(body)
    assert read_error(body)[0] in {0, -1003}


def test_no_answer_raises_anything_else_or_lets_a_bad_candle_through() -> None:
    report = answers.run(3_000, seed=11)

    assert report.accepted > 100
    assert report.rejected > 1_000


def test_the_time_is_read() -> None:
    assert read_time(b'{"serverTime":1499827319559}') == datetime(
        2017, 7, 12, 2, 41, 59, 559000, tzinfo=UTC
    )


@pytest.mark.parametrize("text", ["0", "-1", "1e3", '"1"', "true", "9999999999999", "null"])
def test_a_time_that_is_none_is_rejected(text: str) -> None:
    with pytest.raises(ExchangeAnswerInvalid, match="serverTime"):
        read_time(f'{{"serverTime":{text}}}'.encode())


def symbol(name: str = "BTCUSDT", **fields: object) -> dict[str, object]:
    return {
        "symbol": name,
        "status": "TRADING",
        "baseAsset": "BTC",
        "quoteAsset": "USDT",
        "isSpotTradingAllowed": True,
    } | fields


def info(*symbols: dict[str, object]) -> bytes:
    return json.dumps({"timezone": "UTC", "symbols": symbols}).encode()


def test_listings_are_read_with_their_status() -> None:
    body = info(
        symbol(),
        symbol("ETHUSDT", status="BREAK"),
        symbol("XUSDT", isSpotTradingAllowed=False),
        symbol("币安人生USDT"),
    )

    assert read_listings(body) == (
        Listing("BTCUSDT", "BTC", "USDT", trading=True),
        Listing("ETHUSDT", "BTC", "USDT", trading=False),
        Listing("XUSDT", "BTC", "USDT", trading=False),
        Listing("币安人生USDT", "BTC", "USDT", trading=True),
    )


@pytest.mark.parametrize(
    "wrong",
    [
        {"symbol": ""},
        {"symbol": "A B"},
        {"symbol": "A\u0000"},
        {"symbol": "A" * 41},
        {"symbol": 5},
        {"status": None},
        {"quoteAsset": []},
        {"isSpotTradingAllowed": "yes"},
    ],
)
def test_one_wrong_listing_rejects_all(wrong: dict[str, object]) -> None:
    with pytest.raises(ExchangeAnswerInvalid, match="exchangeInfo"):
        read_listings(info(symbol("OKUSDT"), symbol(**wrong)))  # type: ignore[arg-type]


def test_a_symbol_listed_twice_rejects_all() -> None:
    with pytest.raises(ExchangeAnswerInvalid, match="twice"):
        read_listings(info(symbol(), symbol()))


def test_quote_volumes_are_read() -> None:
    body = b'[{"symbol":"BTCUSDT","quoteVolume":"123.45","count":5}]'

    assert read_quote_volumes(body) == {"BTCUSDT": 123.45}


@pytest.mark.parametrize("text", ['"NaN"', '"-1"', '"1e3"', "5", '""', '"1,0"'])
def test_a_wrong_quote_volume_rejects_all(text: str) -> None:
    with pytest.raises(ExchangeAnswerInvalid, match="quoteVolume"):
        read_quote_volumes(f'[{{"symbol":"A","quoteVolume":{text}}}]'.encode())


def test_a_jump_is_judged_across_candles_that_are_not_known() -> None:
    nan = np.nan
    closes = np.array([[1.0, nan, nan, 500.0, 501.0], [nan, 1.0, 99.0, 1.0, nan]])

    assert jumps(closes).tolist() == [[False, False, True, False], [False] * 4]
