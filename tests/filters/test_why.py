"""Every match comes with its values; a filter that never matches says which part fails."""

from __future__ import annotations

import numpy as np
from tests.filters.market import make_market
from tests.filters.small import FIRST, NAN, market_of

from candlewatch.filters import Plan, compile_filter, explain
from candlewatch.settings import FILTER_WHY_MAX
from candlewatch.timeframes import TIMEFRAMES

BASE = TIMEFRAMES["5m"]


def why(text: str, closes: dict[str, list[float]]) -> dict[int, dict[str, float | bool | None]]:
    market = market_of(closes)
    plan = Plan(BASE)
    plan.extend({1: compile_filter(text, BASE)})
    number = market.windows["5m"].last
    return plan.evaluate(market, number, [1]).values(1, range(len(closes)))


def test_names_and_sides_of_comparisons_have_values() -> None:
    text = "fast = close * 2\nup = close > close[1]\nfast > 3 and up"

    assert why(text, {"A": [1.0, 2.0], "B": [3.0, 1.0]}) == {
        0: {"fast": 4.0, "up": True, "close": 2.0, "close[1]": 1.0},
        1: {"fast": 2.0, "up": False, "close": 1.0, "close[1]": 3.0},
    }


def test_what_is_not_known_has_the_value_none() -> None:
    assert why("old = close[1]\nclose > old", {"A": [NAN, 2.0]}) == {0: {"old": None, "close": 2.0}}


def test_a_side_within_at_or_of_says_so() -> None:
    found = why('of("B", close > 1)', {"A": [1.0], "B": [3.0]})

    assert found[0] == {'of("B", close)': 3.0}


def test_sides_of_crossings_have_values() -> None:
    found = why("crossed_above(close, close[1] * 2)", {"A": [1.0, 3.0]})

    assert found[0] == {"close": 3.0, "close[1] * 2": 2.0}


def test_an_expression_over_lines_is_one_label() -> None:
    found = why("(close\n   + 1) > 0", {"A": [1.0]})

    assert list(found[0]) == ["close + 1"]


def test_a_match_has_a_bounded_number_of_values() -> None:
    text = "\n".join(f"x{turn} = close + {turn}" for turn in range(60)) + "\nclose > 0"

    assert len(why(text, {"A": [1.0]})[0]) == FILTER_WHY_MAX


def test_explain_counts_each_part_in_the_order_of_the_text() -> None:
    market = market_of({"A": [1.0, 2.0, 3.0, 4.0], "B": [4.0, NAN, 4.0, NAN]})
    one = compile_filter("big = close > 2\nbig and not close[1] > 3", BASE)

    said = explain(one, market, FIRST + 3, 4)

    assert (said.candles, said.symbols) == (4, 2)
    found = [(part.text, part.depth, part.true, part.false, part.unknown) for part in said.parts]
    assert found == [
        ("big and not close[1] > 3", 0, 2, 2, 4),
        ("big", 1, 4, 2, 2),
        ("not close[1] > 3", 1, 3, 0, 5),
        ("close[1] > 3", 2, 0, 3, 5),
    ]


def test_explain_says_why_a_part_was_unknown() -> None:
    market = market_of(
        {"A": [1.0, 2.0, 3.0, 4.0], "B": [NAN, 4.0, NAN, 4.0], "C": [1.0, 1.0, 1.0, NAN]}
    )
    one = compile_filter("close[1] > 0 and close / (close - 3) > 0", BASE)

    past, quotient = explain(one, market, FIRST + 3, 4).parts[1:]

    assert past.reasons == {
        "before the symbol's first candle": 1,
        "the candle is late": 1,
        "the candle is missing": 1,
        "warm-up: too few candles before it": 3,
        "a gap in the candles before it": 1,
    }
    assert quotient.reasons["no value, as a division by zero"] == 1


def test_explain_names_a_symbol_that_is_not_there() -> None:
    one = compile_filter('of("NEWUSDT", close) > 1', BASE)

    said = explain(one, market_of({"A": [1.0, 2.0]}), FIRST + 1, 2)

    assert said.parts[0].reasons == {"a symbol it names is not in the universe": 2}


def test_explain_looks_at_longer_timeframes_too() -> None:
    market, number = make_market(4, 30, ("5m", "1h"), seed=1)
    one = compile_filter("at('1h', sma(close, 29)) > 0 and close > open", BASE)

    part = explain(one, market, number, 30, np.array([1, 2])).parts[1]

    assert part.true + part.unknown == 60
    assert set(part.reasons) == {"warm-up: too few candles before it"}
