"""A refusal names place, rule and the nearest right name; all problems of a text at once."""

from __future__ import annotations

import pytest
from tests.filters.small import problems


@pytest.mark.parametrize(
    ("text", "place", "rule", "hint"),
    [
        ("crosover(close, 3)", (1, 1), "unknown_function", "crossed_above"),
        ("x = 1\nclose > emma(close, 3)", (2, 9), "unknown_function", "ema"),
        ("close > opn", (1, 9), "unknown_name", "open"),
        ("RSI(close, 14) < 3", (1, 1), "unknown_function", "rsi"),
        ("ta.rsi(close, 14) < 3", (1, 1), "unknown_function", "rsi"),
        ("close.rolling(3) > 1", (1, 1), "unknown_function", ""),
        ("rsi < 30", (1, 1), "unknown_name", "rsi(...)"),
        ("macd(close).histo > 0", (1, 1), "attribute", "hist"),
        ("macd(close)[1] > 0", (1, 1), "outputs", "choose"),
        ("close", (1, 1), "result", "compare"),
        ("x = close > 1", (1, 1), "result", "condition"),
        ("", (1, 1), "result", "condition"),
        ("close[-1] > 1", (1, 1), "look_ahead", "x[1]"),
        ("close[1000] > 1", (1, 1), "lookback", ""),
        ("close[2.5] > 1", (1, 1), "constant", ""),
        ("close[1:3] > 1", (1, 1), "expression", "highest"),
        ("3[1] > 1", (1, 1), "constant", ""),
        ("close and open", (1, 1), "kind", "compare"),
        ("(close > 1) + 1 > 2", (1, 2), "kind", ""),
        ("(close > 1) == True", (1, 2), "kind", ""),
        ("(close > 1) & (open > 1)", (1, 1), "expression", "and"),
        ("close ** open > 1", (1, 1), "constant", "exp"),
        ("rsi(close, 0) < 1", (1, 1), "parameter", ""),
        ("rsi(close, close) < 1", (1, 1), "arguments", "rsi(real"),
        ("rsi(close, 14, 3) < 1", (1, 1), "parameter", ""),
        ("rsi(close, lenght=14) < 1", (1, 12), "arguments", "period"),
        ("highest(close) > 1", (1, 1), "arguments", "highest(x, n)"),
        ("highest(close, close) > 1", (1, 1), "parameter", ""),
        ('at("4x", close) > 1', (1, 4), "timeframe", "4h"),
        ('at("1m", close) > 1', (1, 4), "timeframe", "longer"),
        ('at("1h", at("4h", close)) > 1', (1, 10), "nesting", ""),
        ('x = at("4h", close)\nat("1h", x) > 1', (2, 1), "nesting", ""),
        ('of("BTC USDT", close) > 1', (1, 4), "symbol", "BTCUSDT"),
        ('close > "1"', (1, 9), "text_value", ""),
        ("close = 3\nclose > 1", (1, 1), "reserved_name", "my_close"),
        ("if close > 1:\n    x = 1\nx > 0", (3, 1), "unassigned", "before"),
        ("return close > 1\nopen > 1", (2, 1), "unreachable", ""),
        ("close > 1\nopen > 1", (1, 1), "statement", "return"),
        ("import os\nclose > 1", (1, 1), "statement", ""),
        ("while True:\n    pass", (1, 1), "statement", ""),
        ("(lambda: 1)() > 1", (1, 1), "unknown_function", ""),
        ("[c for c in close] > 1", (1, 1), "expression", ""),
        ("any(close > 1 for i in close)", (1, 4), "loop", ""),
        ("any(close[i] > 1 for i in range(0))", (1, 27), "loop", ""),
        ("1 / 0 > close", (1, 1), "number", ""),
        ("10 ** 400 > close", (1, 1), "number", ""),
        ("0x10 > close", (1, 1), "number", ""),
        ("close > 1 \\\n and open > 1", (1, 11), "text", ""),
        ("cl\u043ese > 1", (1, 3), "text", "ASCII"),
        ("close > 1 # \u202e", (1, 13), "text", ""),
        ("(" * 40, (1, 33), "depth", ""),
        ("-" * 20 + "close > 1", (1, 1), "depth", ""),
        ("close >", (1, 8), "syntax", ""),
    ],
)  # fmt: skip
def test_the_first_problem(text: str, place: tuple[int, int], rule: str, hint: str) -> None:
    first = problems(text)[0]

    assert ((first.line, first.column), first.rule) == (place, rule)
    assert hint in first.hint


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("close[10**9] > 1", "candles before must be from 0 to 999, got 1,000,000,000"),
        ("close[10**30] > 1", "candles before must be from 0 to 999, got 1e+30"),
        ("close[7 / 2] > 1", "the number of candles before is not a constant whole number"),
        ("highest(high, 10**9) > 1", "from 1 to 1,000, got 1,000,000,000"),
        ("sma(close, 10**9) > 1", "from 1 to 1,000, got 1,000,000,000"),
        ("sma(close, 2.5) > 1", "from 1 to 1,000, got 2.5"),
        ("sum(close) > 1", "sum got 1 argument"),
        ("crossed_above(close, open, high)", "crossed_above got 3 arguments"),
        ("crossed_above()", "crossed_above got no arguments"),
        ("abs(close, open) > 1", "abs takes 1 argument, got 2"),
        ("rsi(close, 14, 3) < 30", "rsi takes at most 1 parameter, got 2"),
        ("macd(close, 3, 5, 7, 9) < 0", "macd takes at most 3 parameters, got 4"),
        ("obv(close, volume, 3) > 0", "obv takes no parameters, got 1"),
        ("a, = macd(close)\na > 1", "1 name cannot stand for 3 values"),
        ("a, b = close\na > 1", "2 names cannot stand for 1 value"),
        ("a = 1, 2\na > 1", "one name cannot stand for a tuple of 2 values"),
        ("a = (1,)\na > 1", "one name cannot stand for a tuple of 1 value"),
        (
            'at("4h", sum(close[i] > open[i] for i in range(250)) > 9)',
            "at most 3,000 steps; each turn of a loop and each term inside at() or of() takes some",
        ),
    ],
)
def test_a_message_is_a_sentence_with_the_numbers_as_people_write_them(
    text: str, message: str
) -> None:
    assert message in problems(text)[0].message


def test_a_whole_number_may_be_computed() -> None:
    assert problems("close[2**3] > highest(high, 40 / 2)[10 / 10] * sma(close, 28 / 2)") == ()
    assert problems("any(close[i] > open for i in range(6 / 2))") == ()


def test_what_language_models_like_to_add_is_accepted() -> None:
    text = "[a, b] = 1, 2\nc = d = close\nx: float = c\nif open > 1:\n    pass\nx > a * b"

    assert problems(text) == ()


def test_all_problems_are_told_at_once_in_the_order_of_the_text() -> None:
    text = "a = emma(close)\nb = rsi(close, 0)\nc = a + 1\nfoo and b < 3 and c > clse"

    found = problems(text)

    assert [(one.line, one.rule) for one in found] == [
        (1, "unknown_function"),
        (2, "parameter"),
        (4, "unknown_name"),
        (4, "unknown_name"),
    ]


def test_a_place_behind_letters_of_two_bytes_is_counted_in_letters() -> None:
    assert problems('of("\u00c4\u00c4", close) > clse')[0].column == 19


def test_a_text_of_one_character_too_many_is_refused_for_its_length() -> None:
    text = "close > 1 #" + "x" * 3989

    assert problems(text) == ()
    assert problems(text + "x")[0].rule == "length"


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        (" + ".join(["close"] * 40) + " > 1", "depth"),
        ("x = " + "(" + ", ".join(["close"] * 420) + ")\nclose > 1", "nodes"),
        ("any(close[i] > j for i in range(100) for j in range(100))", "loop"),
        ("any(any(close[i] > j for i in range(100)) for j in range(100))", "nodes"),
        ("sma(sma(close, 600), 600) > 1", "lookback"),
        ('at("4h", sma(sma(close, 600), 600)) > 1', "lookback"),
        ("any(sma(close, i) > 1 for i in range(5, 30))", "indicators"),
        (" and ".join(f"highest(close ** {n}.5, 900) > 1" for n in range(9, 34)), "cost"),
    ],
)
def test_a_limit_is_named_where_a_text_goes_beyond_it(text: str, rule: str) -> None:
    found = problems(text)

    assert rule in {problem.rule for problem in found}
    assert any(character.isdigit() for character in found[0].message) or rule == "loop"


def test_if_after_if_is_read_once_however_many_there_are() -> None:
    lines = ["x = close"]
    for turn in range(20):
        lines += [
            f"if close > {turn}:",
            f"    if open > {turn}:",
            "        return x > 3",
            "    x = x + 1",
        ]
    text = "\n".join([*lines, "x > 5"])

    assert problems(text) == ()
