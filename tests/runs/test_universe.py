"""What is watched follows the exchange's status and traded volume, and nothing flickers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from tests.exchange.staging import staged
from tests.runs.marketplace import Marketplace, deadline, marketplace

from candlewatch.exchange.protocol import Listing
from candlewatch.runs.universe import Selection, run_universe, select

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.fixtures.database import Database
    from tests.fixtures.rest import Rest


@pytest.fixture
def place(database: Database, rest: Rest) -> Iterator[Marketplace]:
    with staged() as stage, marketplace(database, rest, stage) as made:
        yield made


def listing(symbol: str, *, quote: str = "USDT", trading: bool = True) -> Listing:
    return Listing(symbol, symbol.removesuffix(quote), quote, trading)


def names(chosen: list[dict[str, object]], *, trading: bool = True) -> list[object]:
    return [item["symbol"] for item in chosen if item["trading"] is trading]


def test_the_most_traded_symbols_come_first(place: Marketplace) -> None:
    symbols = place.list_symbols()

    assert symbols[0]["symbol"] == "BTCUSDT"
    volumes = [item["quote_volume"] for item in symbols]
    assert volumes == sorted(volumes, reverse=True)
    assert all(item["trading"] for item in symbols)


@pytest.mark.parametrize("status", ["HALT", "BREAK", "DELISTED"])
def test_a_symbol_that_cannot_be_traded_keeps_its_position(place: Marketplace, status: str) -> None:
    before = {item["symbol"]: item["position"] for item in place.list_symbols()}
    place.stage.script({"fault": "symbol_status", "symbol": "ETHUSDT", "text": status})

    after = place.list_symbols()

    assert {item["symbol"]: item["position"] for item in after} == before
    assert [item["symbol"] for item in after if not item["trading"]] == ["ETHUSDT"]


def test_a_renamed_symbol_is_a_new_one_and_may_have_any_letters(place: Marketplace) -> None:
    before = place.list_symbols()
    place.stage.script({"fault": "renamed", "symbol": "ETHUSDT", "text": "币安人生USDT"})

    after = place.list_symbols()
    place.ingest()

    assert after[-1]["symbol"] == "币安人生USDT"
    assert len(after) == len(before) + 1
    assert place.frames("5m", 1).values[3, -1, 0] > 0


def test_names_decide_nothing() -> None:
    listings = [listing("JUPUSDT"), listing("SUPERUSDT"), listing("BTCUPUSDC", quote="USDC")]

    chosen = select(listings, {}, (), Selection())

    assert names(chosen) == ["JUPUSDT", "SUPERUSDT"]


def test_only_so_many_are_watched() -> None:
    listings = [listing(f"A{i}USDT") for i in range(10)]
    volumes = {item.symbol: float(i) for i, item in enumerate(listings)}

    chosen = select(listings, volumes, (), Selection(count=3))

    assert names(chosen) == ["A9USDT", "A8USDT", "A7USDT"]


def test_a_known_symbol_stays_until_it_has_fallen_well_behind() -> None:
    listings = [listing(f"A{i}USDT") for i in range(10)]
    volumes = {item.symbol: 10.0 - i for i, item in enumerate(listings)}

    chosen = select(listings, volumes, {"A4USDT", "A5USDT"}, Selection(count=4))

    assert names(chosen) == ["A0USDT", "A1USDT", "A2USDT", "A3USDT", "A4USDT"]
    assert names(chosen, trading=False) == ["A5USDT"]


def test_a_list_without_any_symbol_that_trades_changes_nothing(place: Marketplace) -> None:
    before = place.list_symbols()
    rules = [
        {"fault": "symbol_status", "symbol": item["symbol"], "text": "BREAK"} for item in before
    ]
    place.stage.script(*rules)

    after = place.list_symbols()

    assert after == before
    assert "no symbol that trades" in place.tasks("universe")[-1]["reason"]


def test_an_unusable_answer_puts_the_refresh_off(place: Marketplace) -> None:
    place.stage.script({"fault": "truncate", "endpoint": "exchangeInfo"})
    place.add_task("universe", {})

    counts = run_universe(place.worker, place.stage.client, "test", deadline())

    assert counts["put_off"] == 1
    assert place.worker.load_symbols()["symbols"] == []
