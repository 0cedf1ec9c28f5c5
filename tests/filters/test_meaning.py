"""A filter means what docs/filters.md says: true, false or unknown, candle by candle."""

from __future__ import annotations

import numpy as np
import pytest
from tests.filters.small import FIRST, NAN, answer, answers, market_of

from candlewatch.frames.window import Window
from candlewatch.timeframes import TIMEFRAMES

ONE_TO_SIX = (1.0, 2.0, 3.0, 4.0, 5.0, 6.0)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        # The past is unknown before the first candle, and nothing that needs it is decided.
        ("close > close[1]", "?TTTTT"),
        ("not close < close[1]", "?TTTTT"),
        ("close > close[1] or close > 2", "?TTTTT"),
        ("close > 0 or close[1] > 0", "TTTTTT"),
        ("close < 0 and close[1] > 0", "FFFFFF"),
        ("close[3] == 1", "???TFF"),
        ("shift(close, 2) == prev(close, 2)", "??TTTT"),
        ("(close > 3)[2]", "??FFFT"),
        ("close != close", "FFFFFF"),
        # Comparison chains are the pairs joined by and.
        ("1 < close <= 3", "FTTFFF"),
        ("1 < close[1] < 3", "?FTFFF"),
        ("not (2 < close < 5)", "TTFFTT"),
        # Arithmetic: what is not finite is unknown.
        ("close / (close - 3) > 0", "FF?TTT"),
        ("1 / (1 / (close - 3)) < 10", "TT?TTT"),
        ("ln(close - 2) > 0", "??FTTT"),
        ("exp(exp(close)) > 0", "TTTTTT"),
        ("exp(exp(exp(close))) > 0", "T?????"),
        ("close // 2 == 2", "FFFTTF"),
        ("-close % 4 == 3", "TFFFTF"),
        ("close ** 2 == 16", "FFFTFF"),
        ("close ** -1 == 0.25", "FFFTFF"),
        ("close ** 0.5 == 2", "FFFTFF"),
        ("close ** 1.5 == 8", "FFFTFF"),
        ("abs(close - 4) <= 1", "FFTTTF"),
        ("min(close, 3.0) == 3", "FFTTTT"),
        ("max(close, 2, 3) == 3", "TTTFFF"),
        ("max(close, close[1]) == close", "?TTTTT"),
        ("2 + 3 * 4 == 14", "TTTTTT"),
        # Choices.
        ("close > 3 if close > 2 else close < 2", "TFFTTT"),
        ("(close if close[1] > 2 else 0) > 3", "?FFTTT"),
        ("x = 1 if close > 3 else 2\nx == 1", "FFFTTT"),
        # Over several candles.
        ("crossed_above(close, 3)", "FFFTFF"),
        ("crossed_below(3, close)", "FFFTFF"),
        ("rising(close)", "?TTTTT"),
        ("rising(close, 3)", "???TTT"),
        ("falling(close, 2)", "?FFFFF"),
        ("highest(close, 3) == 4", "??FTFF"),
        ("lowest(close, 3) == 2", "??FTFF"),
        ("max(close, 3) == close", "??TTTT"),
        ("change(close, 2) == 2", "??TTTT"),
        ("change_pct(close) == 100", "?TFFFF"),
        ("any(close == 2, 3)", "?TTTFF"),
        ("all(close > 1, 3)", "FFFTTT"),
        ("count(close > 2, 3) == 2", "??FTFF"),
        ("count(close > 2, 3) >= 0", "??TTTT"),
        ("bars_since(close == 2, 2) == 1", "?FTF??"),
        ("bars_since(close == 2, 2) >= 0", "?TTT??"),
        ("zscore(close, 3) > 0", "??TTTT"),
        ("percent_rank(close, 2) == 100", "??TTTT"),
        ("any(close[i] == 2 for i in range(3))", "?TTTFF"),
        ("sum(close[i] for i in range(2)) == 5", "?FTFFF"),
        ("sum(close[i] > 2 for i in range(2)) == 1", "?FTFFF"),
        ("max(close[i] for i in range(1, 3)) == 2", "??TFFF"),
        ("all(close > k for k in range(4))", "FFFTTT"),
        ("sum(close, 2) == 5", "?FTFFF"),
        # Time is that of the candle's open.
        ("hour == 0 and minute == 10", "FFTFFF"),
        ("weekday == 6 and day == 10 and month == 3", "TTTTTT"),
        ("minute[1] == 0", "FTFFFF"),
        # Constants.
        ("True", "TTTTTT"),
        ("False or close > 4", "FFFFTT"),
        # Statements.
        ("a, b = close, 3\na > b", "FFFTTT"),
        ("x = close\nx += 1\nx > 4", "FFFTTT"),
        ("if close > 3:\n    return close > 4\nclose < 2", "TFFFTT"),
        ("if close > 4:\n    return True\nelif close < 2:\n    return True", "TFFFTT"),
        ("if close[1] > 2:\n    return True\nTrue", "?TTTTT"),
        ("if close > 3:\n    x = 1\nelse:\n    x = 2\nx == 1", "FFFTTT"),
        ("if close > 3:\n    x = 1\nelse:\n    return False\nx == 1", "FFFTTT"),
        ("x = 0\nif close > 2:\n  if close > 4:\n    return True\n  x = 1\nx == 1", "FFTTTT"),
        ('"""Says nothing."""\nclose > 5  # at last', "FFFFFT"),
    ],
)  # fmt: skip
def test_on_closes_from_one_to_six(text: str, expected: str) -> None:
    assert answer(text, *ONE_TO_SIX) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("close > 0", "T?TTT"),
        ("True", "T?TTT"),
        ("close[1] > 0", "??" + "?TT"),
        ("highest(close, 2) > 0", "???TT"),
        ("any(close > 0, 2)", "T?TTT"),
        ("all(close > 0, 2)", "???TT"),
        ("sma(close, 2) == 2", "??TFF"),
        ("sma(close, 2) > 0", "??TTT"),
    ],
)
def test_a_gap_is_unknown_itself_and_wherever_it_is_read(text: str, expected: str) -> None:
    assert answer(text, 1.0, NAN, 3.0, 4.0, 5.0) == expected


def test_warm_up_is_never_a_match_nor_its_negation() -> None:
    closes = [float(i % 7) + 1 for i in range(40)]

    below = answer("rsi(close, 14) < 30", *closes)
    negated = answer("not rsi(close, 14) < 30", *closes)

    assert below[:14] == negated[:14] == "?" * 14
    assert "?" not in below[14:]


def test_of_is_the_same_for_every_symbol_and_unknown_where_there_is_none() -> None:
    market = market_of({"A": [1.0, 2.0], "B": [5.0, 4.0], "C": [3.0, NAN]})

    assert answers('of("B", close) > 4', market) == ["TF", "TF", "T?"]
    assert answers('of("C", close) > 2', market) == ["T?", "T?", "T?"]
    assert answers('of("X", close) > 2', market) == ["??", "??", "??"]
    assert answers('of("X", hour) >= 0', market) == ["??", "??", "??"]
    assert answers('of("B", hour) >= 0', market) == ["TT", "TT", "T?"]
    assert answers('of("B", close > close[1])', market) == ["?F", "?F", "??"]


def test_ranks_share_places_and_leave_out_what_is_unknown() -> None:
    market = market_of({"A": [1.0], "B": [5.0], "C": [5.0], "D": [NAN], "E": [3.0]})

    assert answers("rank(close) == 1", market) == ["F", "T", "T", "?", "F"]
    assert answers("rank(close) == 3", market) == ["F", "F", "F", "?", "T"]
    assert answers("percentile(close) >= 50", market) == ["F", "T", "T", "?", "F"]
    assert answers("market_mean(close) == 3.5", market) == ["T", "T", "T", "?", "T"]


def test_symbols_that_do_not_trade_are_not_ranked() -> None:
    market = market_of({"A": [1.0], "B": [5.0]})
    market.universe.trading[1] = False

    assert answers("rank(close) == 1", market) == ["T", "?"]
    assert answers("close > 0", market) == ["T", "T"]


def test_at_sees_the_last_longer_candle_that_has_closed() -> None:
    # Hours close 6 candles into the window; before, the hour before is seen.
    hourly = np.full((6, 1, 3), 0.0)
    hourly[:, 0] = [100.0, 101.0, 102.0]
    hour = FIRST // 12
    window = Window(TIMEFRAMES["1h"], hour - 2, hourly, np.ones(3, np.int64))
    market = market_of({"A": [1.0] * 14}, {"1h": window})

    assert answers('at("1h", close) == 101', market) == ["T" * 11 + "FFF"]
    assert answers('at("1h", close) == 102', market) == ["F" * 11 + "TTT"]
    assert answers('at("1h", close[1]) == 101', market) == ["F" * 11 + "TTT"]
    assert answers('at("1h", close)[1] == 101', market) == ["T" * 12 + "FF"]
    assert answers('crossed_above(at("1h", close), 101.5)', market) == ["F" * 11 + "TFF"]
    assert answers('x = close > 100\nat("1h", x) and close == 1', market) == ["T" * 14]


def test_flat_prices_have_the_values_that_talib_gives() -> None:
    flat = [5.0] * 40

    assert answer("rsi(close, 14) == 0 or rsi(close, 14) == 50", *flat)[-1] == "T"
    assert answer("zscore(close, 5) > 0", *flat)[-1] == "?"
