"""A stated universe is exactly the symbols that its words say, and names what it cannot find."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

import pytest
from psycopg.types.json import Jsonb

if TYPE_CHECKING:
    from tests.fixtures.database import Database

LISTED: Final = [
    ("BTCUSDT", "USDT", True, 900.0),
    ("ETHUSDT", "USDT", True, 800.0),
    ("ETHBTC", "BTC", True, 700.0),
    ("OLDUSDT", "USDT", False, 600.0),
    ("SOLUSDT", "USDT", True, 500.0),
    ("\u5e01\u5b89USDT", "USDT", True, 500.0),
]


def store(database: Database, listed: list[tuple[str, str, bool, float]]) -> None:
    symbols = [
        {"symbol": name, "base_asset": "", "quote_asset": quote, "trading": trading}
        | {"quote_volume": volume}
        for name, quote, trading, volume in listed
    ]
    database.run("select worker.store_symbols(%s)", [Jsonb(symbols)])


def resolved(database: Database, stated: dict[str, Any], limit: int = 50) -> tuple[str, list[str]]:
    """Return the bits of a universe by position, and the names that are not listed."""
    bits: list[Any] = database.rows(
        "select u.bits::text, u.unknown_symbols from candlewatch.universe_bits(%s, %s) as u",
        [Jsonb(stated), limit],
    )
    return bits[0][0], bits[0][1]


@pytest.mark.parametrize(
    ("stated", "bits"),
    [
        ({}, "110011"),
        ({"top": 2}, "110000"),
        ({"top": 3}, "110010"),
        ({"top": 99}, "110011"),
        ({"quote": "BTC"}, "001000"),
        ({"quote": "EUR"}, "000000"),
        ({"exclude": ["BTCUSDT", "NOPE"]}, "010011"),
        ({"top": 2, "exclude": ["BTCUSDT"]}, "010010"),
        ({"symbols": ["SOLUSDT", "ETHBTC", "\u5e01\u5b89USDT"]}, "001011"),
        ({"symbols": ["OLDUSDT", "ETHUSDT"]}, "010000"),
        ({"symbols": ["SOLUSDT", "ETHUSDT"], "exclude": ["ETHUSDT"]}, "000010"),
    ],
)
def test_a_universe_is_what_it_states(
    database: Database, stated: dict[str, Any], bits: str
) -> None:
    store(database, LISTED)

    assert resolved(database, stated) == (bits, [])


def test_the_tier_s_limit_cuts_by_volume_and_position(database: Database) -> None:
    store(database, LISTED)

    assert resolved(database, {}, 3) == ("110010", [])


def test_names_that_are_not_listed_are_told_in_the_order_of_the_statement(
    database: Database,
) -> None:
    store(database, LISTED)

    assert resolved(database, {"symbols": ["ethusdt", "BTCUSDT", "LUNAUSDT"]}) == (
        "100000",
        ["ethusdt", "LUNAUSDT"],
    )


def test_a_position_is_given_once_whatever_is_renamed_delisted_or_listed_again(
    database: Database,
) -> None:
    store(database, LISTED)
    renamed = [("NEWUSDT", "USDT", True, 950.0), *LISTED[:3], LISTED[4]]

    store(database, renamed)
    gone = resolved(database, {})
    store(database, LISTED)

    assert gone == ("1100101", [])
    assert resolved(database, {}) == ("1100110", [])
    assert database.rows("select s.symbol, s.position from public.symbols as s order by 2") == [
        *((name, place) for place, (name, _, _, _) in enumerate(LISTED)),
        ("NEWUSDT", 6),
    ]
