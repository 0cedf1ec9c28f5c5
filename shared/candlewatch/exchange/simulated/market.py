"""What the simulated exchange knows at an instant: its endpoints' answers, without HTTP and faults.

Source: Binance Spot API, REST, "Market Data endpoints", "General endpoints", "Filters" and
"Error codes".
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from candlewatch.exchange.simulated.rows import RowWriter, write_row
from candlewatch.exchange.simulated.source import forming
from candlewatch.settings import KLINES_LIMIT
from candlewatch.timeframes import TIMEFRAMES

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from candlewatch.exchange.simulated.source import Source, Symbol
    from candlewatch.timeframes import Timeframe

_DAY_MS: Final = 24 * 60 * 60_000
_RATE_LIMITS: Final = [
    {"rateLimitType": "REQUEST_WEIGHT", "interval": "MINUTE", "intervalNum": 1, "limit": 6000},
    {"rateLimitType": "ORDERS", "interval": "SECOND", "intervalNum": 10, "limit": 100},
    {"rateLimitType": "ORDERS", "interval": "DAY", "intervalNum": 1, "limit": 200_000},
    {"rateLimitType": "RAW_REQUESTS", "interval": "MINUTE", "intervalNum": 5, "limit": 61_000},
]


class Refusal(Exception):
    """The exchange's refusal of a question: status 400, its code and its message."""

    def __init__(self, code: int, message: str) -> None:
        super().__init__(message)
        self.code = code


class MarketView:
    """Answers questions about a source as of a time; not safe for several threads.

    Args:
        source: of the candles.

    Attributes:
        statuses: by symbol, where it is not TRADING; scripts change it.
    """

    def __init__(self, source: Source) -> None:
        self._source = source
        self._writer = RowWriter(source)
        self._rows = {symbol.name: row for row, symbol in enumerate(source.symbols)}
        self.statuses: dict[str, str] = {}
        self.names: dict[str, str] = {}
        self._tickers: tuple[int, bytes] = (-1, b"")

    def klines(self, query: Mapping[str, str], now_ms: int) -> list[bytes]:
        """Return rows of candles, the newest still forming, as the exchange chooses them."""
        row, timeframe = self._row(query), self._timeframe(query)
        limit = min(_number(query, "limit", 500), KLINES_LIMIT)
        current = (now_ms - timeframe.offset_ms) // timeframe.ms
        first, last = self._span(query, row, timeframe, current)
        first = max(first, last - limit + 1) if "startTime" not in query else first
        last = min(last, first + limit - 1)
        lines = self._writer.rows(row, timeframe, first, min(last, current - 1))
        asked = first <= last == current
        candle = forming(self._source, row, timeframe, now_ms) if asked else None
        if candle is not None:
            lines.append(
                write_row(
                    current * timeframe.ms + timeframe.offset_ms, timeframe.ms, candle.tolist()
                )
            )
        return lines

    def exchange_info(self, query: Mapping[str, str], now_ms: int) -> bytes:
        """Return the trading rules of the symbols."""
        chosen = self._source.symbols
        if "symbol" in query:
            chosen = (chosen[self._row(query)],)
        status = query.get("symbolStatus")
        listed = [item for item in chosen if self.statuses.get(item.name) != "DELISTED"]
        symbols = [self._rules(symbol) for symbol in listed]
        return _json(
            {
                "timezone": "UTC",
                "serverTime": now_ms,
                "rateLimits": _RATE_LIMITS,
                "exchangeFilters": [],
                "symbols": [item for item in symbols if status in {None, item["status"]}],
            }
        )

    def tickers(self, query: Mapping[str, str], now_ms: int) -> bytes:
        """Return the figures of the last 24 hours, of all symbols or of one."""
        minute = now_ms // 60_000
        if "symbol" in query:
            row = self._row(query)
            return _json(self._day(now_ms)[row] | {"symbol": query["symbol"]})
        if self._tickers[0] != minute:
            days = [
                figures | {"symbol": self.listed_as(symbol.name)}
                for symbol, figures in zip(self._source.symbols, self._day(now_ms), strict=True)
                if figures["lastPrice"] != "nan"
            ]
            self._tickers = (minute, _json(days))
        return self._tickers[1]

    def listed_as(self, name: str) -> str:
        """Return the name under which a symbol is listed now."""
        return self.names.get(name, name)

    def _row(self, query: Mapping[str, str]) -> int:
        name = query.get("symbol", "")
        if not name:
            raise Refusal(
                -1102, "Mandatory parameter 'symbol' was not sent, was empty/null, or malformed."
            )
        original = next((old for old, new in self.names.items() if new == name), name)
        row = self._rows.get(original)
        if (
            row is None
            or self.listed_as(original) != name
            or self.statuses.get(original) == "DELISTED"
        ):
            raise Refusal(-1121, "Invalid symbol.")
        return row

    def _timeframe(self, query: Mapping[str, str]) -> Timeframe:
        timeframe = TIMEFRAMES.get(query.get("interval", ""))
        if timeframe is None or timeframe < self._source.shortest:
            raise Refusal(-1120, "Invalid interval.")
        return timeframe

    def _span(
        self, query: Mapping[str, str], row: int, timeframe: Timeframe, current: int
    ) -> tuple[int, int]:
        """Return the first and the last candle that open from startTime to endTime."""
        first, last = (self._source.listed_ms(row) - timeframe.offset_ms) // timeframe.ms, current
        if "startTime" in query:
            since = _number(query, "startTime", 0) - timeframe.offset_ms
            first = max(first, -(-since // timeframe.ms))
        if "endTime" in query:
            until = _number(query, "endTime", 0) - timeframe.offset_ms
            last = min(current, until // timeframe.ms)
        return first, last

    def _rules(self, symbol: Symbol) -> dict[str, Any]:
        tick, step = f"{10.0**-symbol.price_decimals:.8f}", f"{10.0**-symbol.lot_decimals:.8f}"
        return {
            "symbol": self.listed_as(symbol.name),
            "status": self.statuses.get(symbol.name, "TRADING"),
            "baseAsset": symbol.base_asset,
            "baseAssetPrecision": 8,
            "quoteAsset": symbol.quote_asset,
            "quotePrecision": 8,
            "quoteAssetPrecision": 8,
            "baseCommissionPrecision": 8,
            "quoteCommissionPrecision": 8,
            "orderTypes": ["LIMIT", "LIMIT_MAKER", "MARKET"],
            "icebergAllowed": True,
            "ocoAllowed": True,
            "isSpotTradingAllowed": True,
            "isMarginTradingAllowed": False,
            "filters": [
                {"filterType": "PRICE_FILTER", "minPrice": tick, "maxPrice": "1000000.00000000",
                 "tickSize": tick},
                {"filterType": "LOT_SIZE", "minQty": step, "maxQty": "9000000000.00000000",
                 "stepSize": step},
                {"filterType": "NOTIONAL", "minNotional": "5.00000000", "applyMinToMarket": True,
                 "maxNotional": "9000000.00000000", "applyMaxToMarket": False, "avgPriceMins": 5},
            ],
            "permissions": [],
            "permissionSets": [["SPOT"]],
            "defaultSelfTradePreventionMode": "EXPIRE_MAKER",
            "allowedSelfTradePreventionModes": ["EXPIRE_MAKER"],
        }  # fmt: skip

    def _day(self, now_ms: int) -> list[dict[str, Any]]:
        """Return the 24 hours' figures of all symbols, from complete candles of an hour."""
        hour = max(TIMEFRAMES["1h"], self._source.shortest)
        last = now_ms // hour.ms - 1
        count = _DAY_MS // hour.ms
        values = self._source.candles(hour, last - count + 1, last)
        return [_figures(values[:, row], now_ms) for row in range(values.shape[1])]


def _figures(day: NDArray[np.float64], now_ms: int) -> dict[str, Any]:
    known = day[:, np.isfinite(day[0])]
    if not known.shape[1]:
        return {"lastPrice": "nan"}
    opens, last = known[0, 0], known[3, -1]
    return {
        "priceChange": f"{last - opens:.8f}",
        "priceChangePercent": f"{(last / opens - 1) * 100:.3f}",
        "weightedAvgPrice": f"{known[5].sum() / max(known[4].sum(), 1e-8):.8f}",
        "prevClosePrice": f"{opens:.8f}",
        "lastPrice": f"{last:.8f}",
        "lastQty": "1.00000000",
        "bidPrice": f"{last:.8f}",
        "bidQty": "1.00000000",
        "askPrice": f"{last:.8f}",
        "askQty": "1.00000000",
        "openPrice": f"{opens:.8f}",
        "highPrice": f"{known[1].max():.8f}",
        "lowPrice": f"{known[2].min():.8f}",
        "volume": f"{known[4].sum():.8f}",
        "quoteVolume": f"{known[5].sum():.8f}",
        "openTime": now_ms - _DAY_MS,
        "closeTime": now_ms,
        "firstId": 1,
        "lastId": 2,
        "count": 2,
    }


def _number(query: Mapping[str, str], name: str, default: int) -> int:
    text = query.get(name, "")
    if not text:
        return default
    if not (text.isascii() and text.isdigit() and len(text) < 16):  # noqa: PLR2004 (64 bits)
        raise Refusal(-1100, f"Illegal characters found in parameter '{name}'.")
    return int(text)


def _json(content: Any) -> bytes:
    return json.dumps(content, separators=(",", ":"), ensure_ascii=False).encode()
