"""The simulated exchange answers as Binance does: an independent client has no complaint."""

from __future__ import annotations

import json
import socket
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import ccxt
import httpx
import numpy as np
import pytest
from tests.exchange.staging import NOON, Stage, control, market, staged
from tests.frames.making import make_window

from candlewatch.errors import ExchangeRefused, SetupError
from candlewatch.exchange.simulated.replayed import ReplayedMarket
from candlewatch.exchange.simulated.server import serving
from candlewatch.exchange.simulated.source import forming
from candlewatch.frames.derive import derive
from candlewatch.frames.files import CandleFile
from candlewatch.timeframes import TIMEFRAMES, to_ms

if TYPE_CHECKING:
    from collections.abc import Iterator

FIVE = TIMEFRAMES["5m"]


@pytest.fixture
def stage() -> Iterator[Stage]:
    with staged() as made:
        yield made


def get(stage: Stage, endpoint: str, **query: Any) -> Any:
    return httpx.get(f"{stage.server.url}/api/v3/{endpoint}", params=query)


def klines(stage: Stage, **query: Any) -> list[list[Any]]:
    answer = get(stage, "klines", **({"symbol": "BTCUSDT", "interval": "5m"} | query))
    rows: list[list[Any]] = answer.json()
    return rows


@pytest.fixture
def independent(stage: Stage) -> Any:
    """Return ccxt's client of Binance, pointed at the simulated exchange."""
    client = ccxt.binance({"options": {"fetchMarkets": {"types": ["spot"]}}})
    client.urls["api"] = {
        name: url.replace("https://api.binance.com", stage.server.url)
        for name, url in client.urls["api"].items()
        if isinstance(url, str)
    }
    return client


def test_ccxt_reads_the_markets(independent: Any) -> None:
    markets = independent.load_markets()

    assert len(markets) == len(market().symbols)
    bitcoin = markets["BTC/USDT"]
    assert (bitcoin["id"], bitcoin["spot"], bitcoin["active"]) == ("BTCUSDT", True, True)
    assert bitcoin["precision"]["price"] == 0.01
    assert bitcoin["limits"]["cost"]["min"] == 5.0


def test_ccxt_reads_the_candles(independent: Any) -> None:
    candles = independent.fetch_ohlcv("BTC/USDT", "5m", limit=300)

    last = FIVE.index_of(NOON)
    assert [row[0] for row in candles] == [n * FIVE.ms for n in range(last - 299, last + 1)]
    true = market().candles(FIVE, last - 299, last - 1)[:5, 0].T
    assert np.array_equal(np.array(candles)[:-1, 1:], true)


@pytest.mark.parametrize("timeframe", TIMEFRAMES)
def test_ccxt_reads_history_of_every_timeframe(independent: Any, timeframe: str) -> None:
    since = to_ms(NOON - timedelta(days=900))

    candles = independent.fetch_ohlcv("ETH/USDT", timeframe, since=since, limit=50)

    assert len(candles) == 50
    assert candles[0][0] >= since


def test_ccxt_reads_time_and_tickers(independent: Any) -> None:
    assert independent.fetch_time() == to_ms(NOON)
    tickers = independent.fetch_tickers()
    assert tickers["BTC/USDT"]["quoteVolume"] > tickers["DOGE/USDT"]["quoteVolume"] > 0
    assert independent.fetch_ticker("ETH/USDT")["last"] > 0


def test_ccxt_understands_the_refusals(stage: Stage, independent: Any) -> None:
    independent.load_markets()
    stage.script({"fault": "status", "status": 418, "retry_after": 2})

    with pytest.raises(ccxt.DDoSProtection):
        independent.fetch_ohlcv("BTC/USDT")


def test_a_row_has_twelve_fields_of_the_right_types(stage: Stage) -> None:
    row = klines(stage, limit=2)[0]

    assert [type(field) for field in row] == [int, *[str] * 5, int, str, int, str, str, str]
    assert row[6] == row[0] + FIVE.ms - 1


def test_the_newest_candle_is_still_forming(stage: Stage) -> None:
    stage.exchange.clock.step(100)
    early = klines(stage, limit=1)[0]
    stage.exchange.clock.step(150)
    late = klines(stage, limit=1)[0]
    stage.exchange.clock.step(100)
    final = klines(stage, limit=2)[0]

    assert early[0] == late[0] == final[0]
    assert early[1] == late[1] == final[1]
    assert float(early[5]) < float(late[5]) < float(final[5])
    assert float(early[2]) <= float(late[2]) <= float(final[2])
    assert float(early[3]) >= float(late[3]) >= float(final[3])
    assert early[4] != final[4]


@pytest.mark.parametrize("timeframe", ["15m", "1h", "4h", "1d", "1w"])
def test_the_forming_candle_lies_inside_of_the_final_one(timeframe: str) -> None:
    length = TIMEFRAMES[timeframe]
    now_ms = to_ms(NOON) + length.ms // 3
    final = market().candles(length, *[(now_ms - length.offset_ms) // length.ms] * 2)[:, 0, 0]

    candle = forming(market(), 0, length, now_ms)

    assert candle is not None
    assert candle[0] == final[0]
    assert final[2] <= candle[2] <= min(candle[0], candle[3])
    assert max(candle[0], candle[3]) <= candle[1] <= final[1]
    assert 0 < candle[4] < final[4]


def test_start_and_end_choose_candles_by_their_open_times(stage: Stage) -> None:
    now_ms = to_ms(NOON) // FIVE.ms * FIVE.ms
    start, end = now_ms - 10 * FIVE.ms, now_ms - 5 * FIVE.ms

    assert [row[0] for row in klines(stage, startTime=start, endTime=end)] == list(
        range(start, end + 1, FIVE.ms)
    )
    assert klines(stage, startTime=start - 1, limit=1)[0][0] == start
    assert klines(stage, startTime=start + 1, limit=1)[0][0] == start + FIVE.ms
    assert klines(stage, endTime=end - 1, limit=1)[0][0] == end - FIVE.ms
    assert klines(stage, startTime=now_ms + FIVE.ms) == []
    assert len(klines(stage, limit=5000)) == 1000
    assert len(klines(stage)) == 500


def test_before_the_listing_there_is_nothing(stage: Stage) -> None:
    rows = klines(stage, startTime=0, limit=3, interval="1w")

    assert rows[0][0] == market().listed_ms(0)


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ({"symbol": "NOPE"}, -1121),
        ({"symbol": ""}, -1102),
        ({"interval": "7m"}, -1120),
        ({"limit": "many"}, -1100),
        ({"startTime": "-5"}, -1100),
    ],
)
def test_wrong_questions_are_refused_with_the_exchange_s_codes(
    stage: Stage, query: dict[str, Any], code: int
) -> None:
    answer = get(stage, "klines", **({"symbol": "BTCUSDT", "interval": "5m"} | query))

    assert answer.status_code == 400
    assert answer.json()["code"] == code


def test_an_unknown_symbol_is_an_error_of_its_own_for_our_client(stage: Stage) -> None:
    with pytest.raises(ExchangeRefused, match="Invalid symbol"):
        stage.client.candles("NOPE", FIVE, 1, 1, 5)


def test_weights_are_counted_and_told(stage: Stage) -> None:
    used = [
        int(get(stage, endpoint, **query).headers["x-mbx-used-weight-1m"])
        for endpoint, query in [
            ("time", {}),
            ("klines", {"symbol": "BTCUSDT", "interval": "1d"}),
            ("exchangeInfo", {}),
            ("ticker/24hr", {}),
            ("ticker/24hr", {"symbol": "BTCUSDT"}),
        ]
    ]

    assert used == [1, 3, 23, 103, 105]


def test_over_the_limit_calls_are_refused_and_going_on_is_a_ban(stage: Stage) -> None:
    control(stage.server, weight_limit=3)
    answers = [get(stage, "time") for _ in range(4)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    assert int(answers[-1].headers["retry-after"]) >= 1

    with httpx.Client() as client:
        statuses = {client.get(f"{stage.server.url}/api/v3/time").status_code for _ in range(220)}

    assert statuses == {429, 418}
    assert stage.exchange.accounts.banned >= 1


def test_a_rehearsal_is_steered_over_the_control_endpoint(stage: Stage) -> None:
    held = control(stage.server)
    stepped = control(stage.server, step=90)
    moved = control(stage.server, move_to="2026-05-01T00:00:00Z")
    control(stage.server, release=True)

    assert (held["speed"], held["market_time"]) == (0.0, NOON.isoformat())
    assert stepped["market_time"] == (NOON + timedelta(seconds=90)).isoformat()
    assert moved["market_time"] == "2026-05-01T00:00:00+00:00"
    assert control(stage.server)["speed"] == 1.0
    answer = httpx.post(f"{stage.server.url}/control", json={"rules": [{"fault": "?"}]})
    assert answer.status_code == 400


def test_a_halted_symbol_is_listed_as_such_and_a_delisted_one_is_gone(stage: Stage) -> None:
    stage.script(
        {"fault": "symbol_status", "symbol": "ETHUSDT", "text": "BREAK"},
        {"fault": "symbol_status", "symbol": "SOLUSDT", "text": "DELISTED"},
    )

    trading = {item.symbol: item.trading for item in stage.client.listings(5)}

    assert trading["ETHUSDT"] is False
    assert "SOLUSDT" not in trading
    assert get(stage, "klines", symbol="SOLUSDT", interval="1h").json()["code"] == -1121


def test_nonsense_on_the_wire_ends_the_connection_and_nothing_else(stage: Stage) -> None:
    for nonsense in (
        b"\x00\x01\r\n\r\n",
        b"GET\r\n\r\n",
        b"GET / HTTP/1.1\r\ncontent-length: x\r\n\r\n",
    ):
        with socket.create_connection((stage.server.host, stage.server.port)) as wire:
            wire.sendall(nonsense)
            assert wire.recv(100) == b""

    assert get(stage, "ping").json() == {}
    assert httpx.get(f"{stage.server.url}/elsewhere").status_code == 404
    assert get(stage, "depth").status_code == 404


def test_a_taken_port_is_told_in_a_sentence(stage: Stage) -> None:
    with (
        pytest.raises(SetupError, match="choose another with --port"),
        serving(stage.exchange, stage.server.port),
    ):
        pass


def test_a_file_is_replayed_with_longer_candles_derived() -> None:
    window = make_window(symbols=2, candles=288, quiet=0.1)
    source = ReplayedMarket(CandleFile(("AAAUSDT", "BBBBTC"), window))
    now = FIVE.open_of(window.last + 1)
    with staged(source=source, now=now) as stage:
        listings = {item.symbol: item.quote_asset for item in stage.client.listings(5)}
        hour = TIMEFRAMES["1h"]
        last = hour.index_of(now) - 1
        candles = stage.client.candles("AAAUSDT", hour, last - 9, last, 5)

    assert listings == {"AAAUSDT": "USDT", "BBBBTC": "BTC"}
    derived = derive(window, hour)
    assert np.allclose(candles.values, derived.values[:, 0, -10:], rtol=1e-12, atol=1e-8)


def test_a_replayed_candle_that_the_file_has_only_a_part_of_is_made_of_that_part() -> None:
    window = make_window(symbols=1, candles=20)
    source = ReplayedMarket(CandleFile(("AAAUSDT",), window))
    hour = TIMEFRAMES["1h"]
    number = hour.index_of(FIVE.open_of(window.first + 13))

    candle = source.candles(hour, number, number)[:, 0, 0]

    part = window.values[:, 0, 12:]
    assert candle[:4].tolist() == [part[0, 0], part[1].max(), part[2].min(), part[3, -1]]
    assert source.starts_at == FIVE.open_of(window.first)
    assert source.ends_at == FIVE.open_of(window.last + 1)


def test_the_price_filter_has_the_steps_of_the_prices(stage: Stage) -> None:
    symbols = json.loads(get(stage, "exchangeInfo").content)["symbols"]

    for item in symbols:
        tick = float(item["filters"][0]["tickSize"])
        close = float(klines(stage, symbol=item["symbol"], limit=2)[0][4])
        assert round(close / tick) * tick == pytest.approx(close, rel=1e-12)
