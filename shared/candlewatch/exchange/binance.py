"""Spot market data of Binance, over HTTP/1.1 with kept connections.

Source: Binance Spot API, REST, "General API Information" (base endpoints, weights, used weight in
`X-MBX-USED-WEIGHT-1M`); "Market Data Only URLs" for https://data-api.binance.vision.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from candlewatch.exchange import payload
from candlewatch.exchange.question import Question
from candlewatch.settings import (
    KLINES_BYTES,
    KLINES_LIMIT,
    LISTINGS_BYTES,
    SMALL_BYTES,
    TICKERS_BYTES,
)
from candlewatch.timeframes import to_ms

if TYPE_CHECKING:
    from datetime import datetime

    from candlewatch.exchange.asking import Asker
    from candlewatch.exchange.protocol import Candles, Listing
    from candlewatch.timeframes import Timeframe

DEFAULT_SOURCE: Final = "https://data-api.binance.vision"
FALLBACK_SOURCE: Final = "https://api.binance.com"


class BinanceExchange:
    """An `Exchange`; safe to call from several threads.

    Args:
        asker: knows the sources (`DEFAULT_SOURCE`, `FALLBACK_SOURCE`) and their budget.
    """

    def __init__(self, asker: Asker) -> None:
        self._asker = asker

    def close(self) -> None:
        """Close all connections."""
        self._asker.close()

    def time(self, seconds: float) -> datetime:
        """Return the exchange's clock."""
        question = Question("/api/v3/time", {}, 1, SMALL_BYTES, payload.read_time)
        return self._asker.ask(question, seconds)

    def listings(self, seconds: float) -> tuple[Listing, ...]:
        """Return all spot symbols, halted ones included, in the exchange's order."""
        parameters: dict[str, str | int] = {"permissions": "SPOT", "showPermissionSets": "false"}
        question = Question(
            "/api/v3/exchangeInfo", parameters, 20, LISTINGS_BYTES, payload.read_listings
        )
        return self._asker.ask(question, seconds)

    def quote_volumes(self, seconds: float) -> dict[str, float]:
        """Return what was traded in 24 hours, in the quote asset, by symbol."""
        question = Question(
            "/api/v3/ticker/24hr", {"type": "MINI"}, 80, TICKERS_BYTES, payload.read_quote_volumes
        )
        return self._asker.ask(question, seconds)

    def candles(
        self,
        symbol: str,
        timeframe: Timeframe,
        first: int,
        last: int,
        seconds: float,
        *,
        history: bool = False,
    ) -> Candles:
        """Return the candles from number `first` to `last` (at most 1,000) that exist.

        Raises:
            ValueError: more than 1,000 were asked for.
        """
        if not 0 <= last - first < KLINES_LIMIT:
            raise ValueError(f"1 to {KLINES_LIMIT} candles per call, got {last - first + 1}")
        parameters: dict[str, str | int] = {
            "symbol": symbol,
            "interval": timeframe.name,
            "startTime": to_ms(timeframe.open_of(first)),
            "endTime": to_ms(timeframe.open_of(last)) + timeframe.ms - 1,
            "limit": last - first + 1,
        }

        def parse(body: bytes) -> Candles:
            return payload.read_klines(body, timeframe, first, last)

        question = Question("/api/v3/klines", parameters, 2, KLINES_BYTES, parse, history)
        return self._asker.ask(question, seconds)
