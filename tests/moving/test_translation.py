"""What has one meaning here is translated; all else is refused with place, field and advice."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from candlewatch.errors import SetupError
from candlewatch.moving.records import read_records
from candlewatch.moving.traders import Wish, translate_traders

if TYPE_CHECKING:
    from pathlib import Path

    from candlewatch.moving.traders import Translation

GOOD = "close > open"


def from_csv(folder: Path, text: str, *ignored: str) -> Translation:
    """Translate the text of a CSV file."""
    file = folder / "traders.csv"
    file.write_bytes(text.encode())
    return translate_traders(read_records(file, "traders"), ignored)


def one(folder: Path, **fields: object) -> Translation:
    """Translate a JSON file of one trader."""
    file = folder / "traders.json"
    file.write_text(json.dumps([{"name": "n", "filter": GOOD, **fields}]))
    return translate_traders(read_records(file, "traders"))


def wish_of(folder: Path, **fields: object) -> Wish:
    """Return the one trader, which must not be refused."""
    translation = one(folder, **fields)
    assert translation.refusals == []
    return translation.wishes[0][1]


def refusal_of(folder: Path, **fields: object) -> str:
    """Return the one refusal of the one trader."""
    translation = one(folder, **fields)
    assert translation.wishes == []
    (refusal,) = translation.refusals
    return str(refusal)


def test_a_csv_file_of_another_screener_becomes_traders(tmp_path: Path) -> None:
    translation = from_csv(
        tmp_path,
        "\ufeffId,Title,Condition,Interval,Pairs,Active,Emit,Cooldown,Catch up\r\n"
        '7,Dip,"rsi(close, 14) < 30",1H,"BTC/USDT, BINANCE:ETHUSDT",yes,on entry,2h,1d\r\n'
        '8,Trend,"slow = ema(close, 50)\r\nclose > slow",D,all,paused,Every-Candle,3,48\r\n'
        ",,,,,,,,\r\n"
        "9,Plain,close > open,,,,,,\r\n",
    )

    assert translation.refusals == []
    assert translation.wishes == [
        (
            "line 2",
            Wish(
                name="Dip",
                filter="rsi(close, 14) < 30",
                timeframe="1h",
                universe={"symbols": ["BTCUSDT", "ETHUSDT"]},
                enabled=True,
                emit="on_entry",
                cooldown_candles=2,
                catch_up_candles=24,
                external_key="7",
            ),
        ),
        (
            "line 3",
            Wish(
                name="Trend",
                filter="slow = ema(close, 50)\r\nclose > slow",
                timeframe="1d",
                universe={},
                enabled=False,
                emit="every_candle",
                cooldown_candles=3,
                catch_up_candles=48,
                external_key="8",
            ),
        ),
        (
            "line 6",
            Wish(
                name="Plain",
                filter=GOOD,
                timeframe="5m",
                universe={},
                enabled=True,
                emit="on_entry",
                cooldown_candles=0,
                catch_up_candles=0,
                external_key="9",
            ),
        ),
    ]


@pytest.mark.parametrize(
    ("written", "timeframe"),
    [("5", "5m"), ("60", "1h"), ("240", "4h"), ("1D", "1d"), ("W", "1w"), ("15 min", "15m")],
)
def test_a_timeframe_is_known_by_its_usual_spellings(
    tmp_path: Path, written: str, timeframe: str
) -> None:
    assert wish_of(tmp_path, timeframe=written).timeframe == timeframe


@pytest.mark.parametrize(
    ("fields", "universe"),
    [
        ({}, {}),
        ({"symbols": "all"}, {}),
        ({"symbols": ["btc-usdt", "ETH_USDT"]}, {"symbols": ["BTCUSDT", "ETHUSDT"]}),
        ({"symbols": "BTCUSDT;BTCUSDT SOLUSDT"}, {"symbols": ["BTCUSDT", "SOLUSDT"]}),
        ({"universe": "top 50"}, {"top": 50}),
        ({"universe": {"top": 5, "quote": "USDT"}}, {"top": 5, "quote": "USDT"}),
    ],
)
def test_a_universe_is_a_list_or_all_or_the_top(
    tmp_path: Path, fields: dict[str, object], universe: dict[str, object]
) -> None:
    assert wish_of(tmp_path, **fields).universe == universe


def test_a_trader_without_a_key_is_known_by_its_name(tmp_path: Path) -> None:
    assert wish_of(tmp_path, name="Dip").external_key == "Dip"


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"name": " "}, "entry 1, name: a trader needs a name; write one"),
        ({"name": "n" * 101}, "entry 1, name: it has at most 100 characters, got 101; shorten it"),
        ({"key": "k" * 201}, "entry 1, key: it has at most 200 characters, got 201; shorten it"),
        (
            {"filter": ""},
            "entry 1, filter: a trader needs a condition such as rsi(close, 14) < 30",
        ),
        (
            {"filter": "emma(close, 9) > 1"},
            (
                "entry 1, filter: line 1, column 1: there is no function emma (did you mean ema?); "
                "write it in the language of docs/filters.md"
            ),
        ),
        (
            {"timeframe": "5M"},
            (
                "entry 1, timeframe: '5M' is none of 1m, 5m, 15m, 30m, 1h, 4h, 1d, 1w; "
                "choose one of them"
            ),
        ),
        (
            {"timeframe": "2h"},
            (
                "entry 1, timeframe: '2h' is none of 1m, 5m, 15m, 30m, 1h, 4h, 1d, 1w; "
                "choose one of them"
            ),
        ),
        (
            {"enabled": "perhaps"},
            "entry 1, enabled: 'perhaps' is neither true nor false; write one of them",
        ),
        (
            {"emit": "once"},
            (
                "entry 1, emit: 'once' is neither on_entry (when it becomes true) nor every_candle "
                "(while it is); write one of them"
            ),
        ),
        (
            {"cooldown": "7m"},
            "entry 1, cooldown: '7m' is not a whole number of 5m candles; write their number",
        ),
        (
            {"cooldown": -1},
            (
                "entry 1, cooldown: -1 is neither a number of candles nor a duration such as 30m; "
                "write one"
            ),
        ),
        (
            {"cooldown": "1w"},
            (
                "entry 1, cooldown: a cooldown is at most 1,000 candles, got 2,016; write a "
                "shorter one"
            ),
        ),
        (
            {"catch_up": 49},
            "entry 1, catch_up: a catch-up is at most 48 candles, got 49; write a shorter one",
        ),
        (
            {"catch_up_candles": "yes"},
            (
                "entry 1, catch_up: 'yes' is neither a number of candles nor a duration such as "
                "30m; write one"
            ),
        ),
        (
            {"symbols": "BTCUSDT.P"},
            (
                "entry 1, symbols: 'BTCUSDT.P' is no symbol of the spot market such as BTCUSDT; "
                "write it so or remove it"
            ),
        ),
        (
            {"symbols": ["BTCUSDT_PERP"]},
            (
                "entry 1, symbols: 'BTCUSDT_PERP' is no symbol of the spot market such as BTCUSDT; "
                "write it so or remove it"
            ),
        ),
        (
            {"universe": "favourites"},
            (
                "entry 1, universe: 'favourites' is neither all nor top 50 nor an object; list "
                "symbols in the column symbols"
            ),
        ),
        (
            {"universe": "all", "symbols": "all"},
            "entry 1, universe: symbols are given as well; keep one of the two",
        ),
        (
            {"stop loss": 3},
            "entry 1, stop_loss: nothing here is called so; leave it out or add --ignore stop_loss",
        ),
        (
            {"title": "m"},
            "entry 1, title: name is given twice; keep one",
        ),
    ],
)
def test_what_has_no_one_meaning_is_refused_with_a_sentence(
    tmp_path: Path, fields: dict[str, object], sentence: str
) -> None:
    assert refusal_of(tmp_path, **fields) == sentence


def test_every_problem_of_a_line_is_told_and_other_lines_stand(tmp_path: Path) -> None:
    translation = from_csv(
        tmp_path, f"name,filter,timeframe,emit\nA,{GOOD},3x,once\nB,{GOOD},5m,on_entry\n"
    )

    assert [(refusal.place, refusal.field) for refusal in translation.refusals] == [
        ("line 2", "timeframe"),
        ("line 2", "emit"),
    ]
    assert [place for place, _ in translation.wishes] == ["line 3"]


def test_a_key_that_stands_twice_is_refused_at_its_second_place(tmp_path: Path) -> None:
    translation = from_csv(tmp_path, f"name,filter\nA,{GOOD}\nA,{GOOD}\n")

    assert [str(refusal) for refusal in translation.refusals] == [
        (
            "line 3, key: 'A' stands at line 2 already; give each trader a key of its own in the "
            "column key"
        )
    ]


def test_a_column_can_be_passed_over(tmp_path: Path) -> None:
    translation = from_csv(tmp_path, f"name,filter,Stop loss\nA,{GOOD},3\n", "stop_loss")

    assert translation.refusals == []
    assert len(translation.wishes) == 1


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("a.txt", b"name\n", "must be a .csv or a .json file, got '.txt'"),
        ("a.csv", b"", "is empty: its first line names the columns"),
        ("a.csv", b"name,Name\n", "names a column twice"),
        ("a.csv", b"name,filter\nA,f(1,2)\n", "line 2, has 3 cells for 2 columns"),
        ("a.csv", b'name,filter\n"A,f\n', "is no CSV"),
        ("a.csv", b"name\n\xff\n", "is not UTF-8 at byte 5"),
        ("a.json", b"{", "is no JSON"),
        ("a.json", b"[" * 100_000, "is no JSON"),
        ("a.json", b'{"bots": []}', 'must hold a list of objects, or {"traders": [...]}'),
        ("a.json", b"[1]", "must hold a list of objects"),
    ],
)
def test_a_file_that_is_none_is_refused_whole(
    tmp_path: Path, name: str, content: bytes, words: str
) -> None:
    file = tmp_path / name
    file.write_bytes(content)

    with pytest.raises(SetupError) as refused:
        read_records(file, "traders")

    assert words in str(refused.value)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match=r"nowhere\.csv cannot be read: No such file"):
        read_records(tmp_path / "nowhere.csv", "traders")
