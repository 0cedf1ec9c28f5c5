"""The oracle gives what was worked out by hand: it is judged by nothing that it judges."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from tests.filters.oracle.interpreter import Oracle
from tests.filters.oracle.tape import Candle, Strip, Symbol, Tape

from candlewatch.timeframes import TIMEFRAMES

BASE = TIMEFRAMES["5m"]
MIDNIGHT = BASE.index_of(datetime(2025, 3, 3, tzinfo=UTC))
LONGER_CLOSES = (100.0, 200.0)


def candle(close: float | None, volume: float = 1.0) -> Candle | None:
    if close is None:
        return None
    return Candle(close, close + 1.0, close - 1.0, close, volume, None)


def tape(*rows: tuple[float | None, ...], trading: tuple[bool, ...] = ()) -> Tape:
    """Make a market of 5m closes from midnight on; the 15m closes are 100 (from 23:45) and 200."""
    strips = {
        "5m": Strip(BASE, MIDNIGHT, tuple(tuple(candle(close) for close in row) for row in rows)),
        "15m": Strip(
            TIMEFRAMES["15m"],
            MIDNIGHT // 3 - 1,
            tuple(tuple(candle(close) for close in LONGER_CLOSES) for _ in rows),
        ),
    }
    traded = trading or (True,) * len(rows)
    symbols = tuple(Symbol(f"S{place}USDT", "USDT", open_) for place, open_ in enumerate(traded))
    return Tape(symbols, strips, BASE, MIDNIGHT, MIDNIGHT + len(rows[0]) - 1)


def answers(source: str, market: Tape, symbol: int = 0) -> list[bool | None]:
    oracle = Oracle(source, market)
    return [
        oracle.answer(symbol, number) for number in range(market.asked_first, market.asked_last + 1)
    ]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("close > close[1]", [None, True, None, None, False]),
        ("not (close > close[1])", [None, False, None, None, True]),
        ("close > 4 or close > close[1]", [None, True, None, True, True]),
        ("close < 4 and close > close[1]", [None, True, None, False, False]),
        ("close / (close - close) > 1", [None, None, None, None, None]),
        ("(close if close > close[1] else 0) > 1", [None, True, None, None, False]),
        ("highest(close, 2) > 4", [None, False, None, None, True]),
        ("any(close > 4, 2)", [None, False, None, True, True]),
        ("all(close > 4, 2)", [False, False, None, None, True]),
        ("count(close > 1, 2) == 2", [None, False, None, None, True]),
        ("bars_since(close > 4, 4) == 1", [None, None, None, False, False]),
        ("sum(close, 2) == 9", [None, False, None, False, False]),
        ("sum(close, 2) == 11", [None, False, None, False, True]),
        ("min(close, 3) >= 2", [None, None, None, None, None]),
        ("minute == 10 or minute == 15", [False, False, None, True, False]),
        ("hour[1] == 23", [True, False, None, False, False]),
        ("all(close[i] > 4 for i in range(2))", [False, False, None, None, True]),
        ("sum(close[i] for i in range(2)) > 10", [None, False, None, None, True]),
        ("crossed_below(close, 5.5)", [None, False, None, False, True]),
        ("change_pct(close) == 100", [None, True, None, None, False]),
        ("x = close\nif close > close[1]:\n    x = 9\nx > 8", [None, True, None, None, False]),
        ("if close > close[1]:\n    return True\nclose > 0", [None, True, None, None, True]),
        ("x, y = close, open\nx += y\nx == 2", [True, False, None, False, False]),
        ("return close > 9\n", [False, False, None, False, False]),
    ],
)
def test_statements_and_functions_give_what_the_language_says(
    source: str, expected: list[bool | None]
) -> None:
    # Closes 1 2 - 6 5, the third candle missing.
    assert answers(source, tape((1.0, 2.0, None, 6.0, 5.0))) == expected


def test_a_longer_timeframe_is_read_once_it_has_closed() -> None:
    market = tape((1.0,) * 6)

    assert answers('at("15m", close) == 200', market) == [False, False, True, True, True, None]
    assert answers('at("15m", close[1]) == 100', market)[1:3] == [None, True]
    assert answers('at("15m", close)[1] == 100', market)[1:4] == [True, True, False]


def test_another_symbol_and_the_cross_section_are_those_of_the_same_candle() -> None:
    market = tape(
        (1.0, 5.0), (3.0, 3.0), (3.0, None), (9.0, 9.0), trading=(True, True, True, False)
    )

    assert answers('of("S1USDT", close) == 3', market) == [True, True]
    assert answers('of("S2USDT", close) == 3', market) == [True, None]
    assert answers('of("NONE", close) == 3', market) == [None, None]
    assert answers("rank(close) == 3", market) == [True, False]
    assert answers("rank(close) == 1", market, symbol=2) == [True, None]
    assert answers("rank(close) == 1", market, symbol=3) == [None, None]
    assert answers("percentile(close) == 100", market) == [False, True]
    assert answers("market_mean(close) == 4", market, symbol=3) == [False, True]


def test_an_indicator_is_unknown_on_a_gap_and_reads_the_close_before_in_its_place() -> None:
    market = tape((1.0, 2.0, None, 6.0, 5.0))

    assert answers("sma(close, 2) == 4", market) == [None, False, None, True, False]
    assert answers("sma(high, 2) == 5", market) == [None, False, None, True, False]
    assert answers("midprice(2) == 4", market) == [None, False, None, True, False]


def test_an_if_with_a_return_is_unknown_where_its_condition_is() -> None:
    market = tape((1.0, 2.0, None, 6.0, 5.0))
    source = "if close > close[1]:\n    return close > 1\nelif close > 5:\n    return True\n"

    assert answers(source, market) == [None, True, None, None, False]


def test_the_session_average_price_starts_anew_at_midnight() -> None:
    market = tape((1.0, 2.0, None, 6.0, 5.0))

    assert answers("vwap() == 3", market) == [False, False, None, True, False]
    assert answers("vwap() == 1.5", market) == [False, True, None, False, False]
