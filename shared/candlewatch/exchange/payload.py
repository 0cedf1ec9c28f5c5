"""Answers of Binance's spot market data, from bytes to values.

An answer is used whole or not at all: anything unexpected raises `ExchangeAnswerInvalid`. Candles
are checked as arrays, a few operations for a thousand rows; the rest is pydantic's.

Source: Binance Spot API, REST, "Market Data endpoints" and "General endpoints".
"""

from __future__ import annotations

import re
from itertools import chain
from typing import TYPE_CHECKING, Annotated, Any, Final

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError
from pydantic_core import from_json

from candlewatch.errors import ExchangeAnswerInvalid
from candlewatch.exchange.protocol import Candles, Listing, jumps
from candlewatch.settings import JUMP_LIMIT, KLINES_LIMIT
from candlewatch.timeframes import from_ms

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from numpy.typing import NDArray

    from candlewatch.timeframes import Timeframe

_COLUMNS: Final = 12
_INTEGERS: Final = (0, 6, 8)
_DECIMALS: Final = (1, 2, 3, 4, 5, 7)
_TAKEN: Final = (9, 10)
_PLAIN: Final = re.compile(r"[0-9.,]*", re.ASCII)
_YEAR_2100_MS: Final = 4_102_444_800_000

Name = Annotated[str, Field(min_length=1, max_length=40, pattern=r"^[^\s\x00-\x1f\x7f]+$")]
Amount = Annotated[str, Field(max_length=40, pattern=r"^[0-9]+(\.[0-9]+)?$")]


class _Model(BaseModel):
    model_config = ConfigDict(frozen=True, strict=True)


class _Symbol(_Model):
    symbol: Name
    status: Name
    base_asset: Name = Field(alias="baseAsset")
    quote_asset: Name = Field(alias="quoteAsset")
    spot: bool = Field(alias="isSpotTradingAllowed", default=True)


class _ExchangeInfo(_Model):
    symbols: list[_Symbol]


class _Ticker(_Model):
    symbol: Name
    quote_volume: Amount = Field(alias="quoteVolume")


class _Time(_Model):
    server_time: int = Field(alias="serverTime", gt=0, lt=_YEAR_2100_MS)


class _Error(_Model):
    code: int
    msg: str


_TICKERS: Final = TypeAdapter(list[_Ticker])


def read_time(body: bytes) -> datetime:
    """Read the answer of `time`."""
    try:
        return from_ms(_Time.model_validate_json(body).server_time)
    except ValidationError as exc:
        raise _invalid("time", exc) from exc


def read_listings(body: bytes) -> tuple[Listing, ...]:
    """Read the answer of `exchangeInfo`, in its order; a symbol that is listed twice is refused."""
    try:
        symbols = _ExchangeInfo.model_validate_json(body).symbols
    except ValidationError as exc:
        raise _invalid("exchangeInfo", exc) from exc
    if len({item.symbol for item in symbols}) != len(symbols):
        raise ExchangeAnswerInvalid("exchangeInfo lists a symbol twice")
    return tuple(
        Listing(
            item.symbol, item.base_asset, item.quote_asset, item.status == "TRADING" and item.spot
        )
        for item in symbols
    )


def read_quote_volumes(body: bytes) -> dict[str, float]:
    """Read the answer of `ticker/24hr` for all symbols."""
    try:
        tickers = _TICKERS.validate_json(body)
    except ValidationError as exc:
        raise _invalid("ticker/24hr", exc) from exc
    return {item.symbol: float(item.quote_volume) for item in tickers}


def read_error(body: bytes) -> tuple[int, str]:
    """Read an error's code and message; (0, "") where the body is none."""
    try:
        error = _Error.model_validate_json(body)
    except ValidationError:
        return 0, ""
    return error.code, error.msg[:200]


def read_klines(body: bytes, timeframe: Timeframe, first: int, last: int) -> Candles:
    """Read the answer of `klines`.

    Args:
        body: the answer.
        timeframe: that was asked for.
        first: number of the first candle that was asked for.
        last: number of the last one.

    Raises:
        ExchangeAnswerInvalid: anything in it is not as it must be; nothing of it is to be used.
    """
    try:
        rows = from_json(body, allow_inf_nan=False)
    except (ValueError, RecursionError) as exc:
        raise ExchangeAnswerInvalid(f"klines is no JSON: {str(exc)[:100]}") from exc
    _require(type(rows) is list and len(rows) <= KLINES_LIMIT, "is no list of at most 1,000 rows")
    _require(
        all(type(row) is list and len(row) == _COLUMNS for row in rows),
        "has a row without 12 fields",
    )
    columns: list[Sequence[Any]] = list(zip(*rows, strict=True)) or [()] * _COLUMNS
    opens, closes, _trades = _integers([columns[i] for i in _INTEGERS])
    values = _decimals([columns[i] for i in (*_DECIMALS, *_TAKEN)])[: len(_DECIMALS)]
    since = opens - timeframe.offset_ms
    _require(not (since % timeframe.ms).any(), f"has an open time off the grid of {timeframe}")
    _require(np.array_equal(closes, opens + timeframe.ms - 1), "has a candle of another length")
    numbers = since // timeframe.ms
    _require(not (np.diff(numbers) <= 0).any(), "is not in strictly increasing order")
    _require(not ((numbers < first) | (numbers > last)).any(), "has candles that nobody asked for")
    _check_prices(values)
    return Candles(numbers, values)


def _integers(columns: list[Sequence[Any]]) -> NDArray[np.int64]:
    flat = list(chain.from_iterable(columns))
    _require(set(map(type, flat)) <= {int}, "has a time or a count that is no integer")
    try:
        numbers = np.array(flat, np.int64).reshape(len(columns), -1)
    except OverflowError as exc:
        raise ExchangeAnswerInvalid("klines has an integer beyond 64 bits") from exc
    _require(
        not ((numbers < 0) | (numbers > _YEAR_2100_MS)).any(),
        "has a time before 1970 or after 2100",
    )
    return numbers


def _decimals(columns: list[Sequence[Any]]) -> NDArray[np.float64]:
    """Convert strings with plain decimals; no sign, no exponent, no name of a number passes."""
    flat = list(chain.from_iterable(columns))
    _require(set(map(type, flat)) <= {str}, "has a price or an amount that is no string")
    joined = ",".join(flat)
    plain = _PLAIN.fullmatch(joined) and joined.count(",") == max(0, len(flat) - 1)
    _require(bool(plain), "has a price or an amount that is no plain decimal number")
    try:
        numbers = np.array(list(map(float, flat)), np.float64).reshape(len(columns), -1)
    except ValueError as exc:
        raise ExchangeAnswerInvalid("klines has a price or an amount that is no number") from exc
    _require(bool(np.isfinite(numbers).all()), "has a number beyond 64 bits")
    return numbers


def _check_prices(values: NDArray[np.float64]) -> None:
    opens, highs, lows, closes = values[:4]
    _require(not (values[:4] <= 0).any(), "has a price that is not positive")
    _require(not (highs < np.maximum(opens, closes)).any(), "has a high below its open or close")
    _require(not (lows > np.minimum(opens, closes)).any(), "has a low above its open or close")
    _require(
        not jumps(closes).any(), f"has a price that changes more than {JUMP_LIMIT:g}-fold at once"
    )


def _require(holds: bool, what: str) -> None:  # noqa: FBT001 (an assertion reads best this way)
    if not holds:
        raise ExchangeAnswerInvalid(f"klines {what}; the whole answer is rejected")


def _invalid(what: str, error: ValidationError) -> ExchangeAnswerInvalid:
    first = error.errors(include_input=False, include_url=False)[0]
    place = ".".join(str(part) for part in first["loc"])
    return ExchangeAnswerInvalid(f"{what} is not as it must be: {place}: {first['msg']}"[:300])
