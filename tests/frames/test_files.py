"""A candle file is read right, or refused in one sentence that says what to do."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pytest
from pyarrow import parquet
from tests.frames.making import make_window

from candlewatch.errors import SetupError
from candlewatch.frames.files import CandleFile, read_candles, write_candles
from candlewatch.timeframes import TIMEFRAMES

if TYPE_CHECKING:
    from pathlib import Path

START = datetime(2026, 1, 5, tzinfo=UTC)


def write(path: Path, **columns: Any) -> Path:
    """Write two candles of one symbol, with some columns replaced or, by None, left out."""
    table: dict[str, Any] = {
        "symbol": ["BTCUSDT", "BTCUSDT"],
        "open_time": [START, START + timedelta(minutes=5)],
        "open": [10.0, 11.0],
        "high": [12.0, 12.0],
        "low": [9.0, 10.0],
        "close": [11.0, 11.5],
        "volume": [2.0, 0.0],
    } | columns
    file = path / "candles.parquet"
    parquet.write_table(pa.table({k: v for k, v in table.items() if v is not None}), file)
    return file


def test_candles_are_read_by_symbol_and_number(tmp_path: Path) -> None:
    candles = read_candles(write(tmp_path))

    assert candles.symbols == ("BTCUSDT",)
    assert candles.window.timeframe == TIMEFRAMES["5m"]
    assert candles.window.timeframe.open_of(candles.window.first) == START
    assert candles.window.values[:, 0].T.tolist() == [
        [10.0, 12.0, 9.0, 11.0, 2.0, 21.0],
        [11.0, 12.0, 10.0, 11.5, 0.0, 0.0],
    ]


def test_quote_volume_is_read_where_the_file_has_it(tmp_path: Path) -> None:
    candles = read_candles(write(tmp_path, quote_volume=[20.5, 0.0]))

    assert candles.window.values[5, 0].tolist() == [20.5, 0.0]


@pytest.mark.parametrize("timeframe", ["1m", "5m", "1h", "1d", "1w"])
def test_what_was_written_is_read(tmp_path: Path, timeframe: str) -> None:
    window = make_window(timeframe, symbols=3, candles=20, first=2_000)
    window.values[:, 1, 4:9] = np.nan

    write_candles(tmp_path / "f.parquet", CandleFile(("A", "B", "币"), window))
    read = read_candles(tmp_path / "f.parquet")

    assert read.symbols == ("A", "B", "币")
    assert read.window.timeframe == window.timeframe
    assert np.array_equal(read.window.values, window.values, equal_nan=True)


@pytest.mark.parametrize(
    ("columns", "sentence"),
    [
        ({"close": None}, "lacks close: it needs columns symbol, open_time"),
        ({"close": None, "symbol": None}, "lacks symbol, close"),
        ({"open": ["a", "b"]}, "has a column of the wrong type"),
        ({"open_time": ["x", "y"]}, "has a column of the wrong type"),
        ({"open_time": [START, START]}, "lie 0 ms apart or off the grid"),
        ({"open_time": [START, START + timedelta(minutes=7)]}, "lie 420000 ms apart"),
        ({"open_time": [START + timedelta(seconds=1), START + timedelta(seconds=301)]}, "off the"),
    ],
)
def test_a_wrong_file_is_refused_in_a_sentence(
    tmp_path: Path, columns: dict[str, Any], sentence: str
) -> None:
    with pytest.raises(SetupError, match=sentence):
        read_candles(write(tmp_path, **columns))


def test_a_file_that_is_none_is_refused(tmp_path: Path) -> None:
    (tmp_path / "text.parquet").write_text("hello")

    with pytest.raises(SetupError, match="cannot be read as parquet"):
        read_candles(tmp_path / "text.parquet")
    with pytest.raises(SetupError, match="there is no candle file"):
        read_candles(tmp_path / "absent.parquet")
    with pytest.raises(SetupError, match="cannot be read as parquet"):
        read_candles(tmp_path)


def test_an_empty_file_is_refused(tmp_path: Path) -> None:
    empty = {
        name: pa.array([], pa.float64()) for name in ("open", "high", "low", "close", "volume")
    }

    with pytest.raises(SetupError, match="holds no candles"):
        read_candles(
            write(
                tmp_path,
                symbol=pa.array([], pa.string()),
                open_time=pa.array([], pa.timestamp("ms", tz="UTC")),
                **empty,
            )
        )
